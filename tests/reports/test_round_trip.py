"""What the synthetic report writer says, the rules read."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.reports.rules import RuleExtractor
from supreme_ecg.reports.statements import split_statements
from supreme_ecg.synthetic.cohort import make_cohort


def test_the_rules_read_what_the_writer_meant(tmp_path: Path) -> None:
    """Over 300 patients in three languages at least 98 of 100 findings, with their assertion, come back."""
    make_cohort(tmp_path / "cohort", patients=300, seed=3, sampling_rate_hz=100)
    rules = RuleExtractor(ConceptTable.load().lexicon())
    with (tmp_path / "cohort" / "cohort.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    meant = Counter(
        (row["record_id"], finding["concept"], finding["assertion"])
        for row in rows
        for finding in json.loads(row["truth"])
    )
    read = Counter(
        {
            (row["record_id"], finding.concept, finding.assertion)
            for row in rows
            for statement in split_statements(row["report"])
            if statement.kind == "finding"
            for finding in rules.extract(statement.text)
        }
    )
    found = sum((meant & read).values())
    assert len(meant) > 800
    assert found / meant.total() > 0.98, Counter(key[1:] for key in meant - read).most_common(9)
    extra = read - meant
    assert found / read.total() > 0.95, Counter(key[1:] for key in extra).most_common(9)
