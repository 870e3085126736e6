"""Read what the score hides: 100 disagreements of the findings with PTB-XL's codes, drawn and judged.

    python benchmarks/disagreements.py draw STORE WORKSHEET.csv      # to read: has report text
    python benchmarks/disagreements.py recheck STORE                 # which of them today's rules mend
    python benchmarks/disagreements.py page docs/extraction_errors.md

``draw`` takes 50 (record, code) pairs of fold 9 that are coded but not said and 50 that are said
but not coded, each half spread over the 40 commonest codes in proportion to how often that happens
there. It reads the findings of the store: the judged sample was drawn from those of rules/1. The
judgements stand in ``tests/evaluation/disagreements_ptb_xl.csv``, without any text of a report;
``page`` makes the summary from it.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from scipy.stats import binomtest

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.evaluation.extraction_scores import (
    PRESENT_OR_UNCERTAIN,
    said_codes,
    score_findings,
)
from supreme_ecg.reports.rules import RuleExtractor
from supreme_ecg.reports.statements import cut_leaked_codes, split_statements
from supreme_ecg.store.reading import Store

JUDGED = Path(__file__).parent.parent / "tests" / "evaluation" / "disagreements_ptb_xl.csv"
COLUMNS = ("record_id", "code", "concept", "kind", "verdict", "reason")
KINDS: Final = {"coded_not_said": "coded, not said", "said_not_coded": "said, not coded"}
VERDICTS: Final = {
    "rules_wrong": "the rules: text and code agree, the rules misread the text",
    "text_right": "the text: rules read it as it stands, the code leaves out or changes what it says",
    "code_right": "the code: rules read the text as it stands, a reader concludes more, or the ECG "
    "shows it",
    "both_right": "both: one thing in two words, or one inside the other",
    "ecg_needed": "cannot be told without the ECG (or not even with it)",
}
FOLD, COMMONEST, PER_KIND, SEED = 9, 40, 50, 0

Pair = tuple[str, str]
"""Record id and code."""


def disagreements(
    findings: pl.DataFrame, codes: Mapping[str, Sequence[str]], table: ConceptTable
) -> dict[str, list[Pair]]:
    """Return every disagreement of each kind, in order, as the score counts them."""
    scores = score_findings(findings, codes, table, commonest=COMMONEST)
    assert scores is not None
    scored = [score.code for score in scores.codes]
    said = said_codes(findings, table, assertions=PRESENT_OR_UNCERTAIN)
    found: dict[str, list[Pair]] = {kind: [] for kind in KINDS}
    for record_id in sorted(codes):
        for code in scored:
            coded, spoken = code in codes[record_id], code in said.get(record_id, ())
            if coded != spoken:
                found["coded_not_said" if coded else "said_not_coded"].append((record_id, code))
    return found


def draw(pairs: Sequence[Pair], count: int, *, seed: int) -> list[Pair]:
    """Draw pairs, as many of each code as is its share (largest remainders), then at random."""
    by_code: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_code[pair[1]].append(pair)
    shares = {code: count * len(each) / len(pairs) for code, each in by_code.items()}
    seats = {code: int(share) for code, share in shares.items()}
    by_remainder = sorted(shares, key=lambda code: (seats[code] - shares[code], code))
    for code in by_remainder[: count - sum(seats.values())]:
        seats[code] += 1
    rng = np.random.default_rng(seed)
    return [
        by_code[code][k]
        for code in sorted(by_code)
        for k in sorted(rng.choice(len(by_code[code]), seats[code], replace=False))
    ]


def write_worksheet(store: Store, path: Path) -> None:
    """Write the drawn pairs with report and codes, to be read; keep it out of the repository."""
    records = store.records.filter(pl.col("fold") == FOLD)
    codes = dict(records.select("record_id", "codes").iter_rows())
    reports = dict(records.select("record_id", "report").iter_rows())
    table = ConceptTable.load()
    findings = store.findings()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, "codes", "report", "findings"])
        for kind, pairs in disagreements(findings, codes, table).items():
            for record_id, code in draw(pairs, PER_KIND, seed=SEED):
                own = findings.filter(pl.col("record_id") == record_id)
                said = [f"{c}:{a}" for c, a in own.select("concept", "assertion").iter_rows()]
                concept = table.by_scp(code)
                row = [record_id, code, concept.id if concept else "", kind, "", ""]
                report = cut_leaked_codes(reports[record_id] or "")
                writer.writerow([*row, ";".join(codes[record_id]), report, ";".join(said)])


def recheck(store: Store) -> Iterator[str]:
    """Say of each kind of judgement how many pairs today's rules still have."""
    judged = read_judged()
    records = store.records.filter(pl.col("record_id").is_in({row["record_id"] for row in judged}))
    table = ConceptTable.load()
    rules = RuleExtractor(table.lexicon())
    rows = [
        (record_id, finding.concept, finding.assertion)
        for record_id, report in records.select("record_id", "report").iter_rows()
        for statement in split_statements(report or "")
        if statement.kind == "finding"
        for finding in rules.extract(statement.text)
    ]
    findings = pl.DataFrame(rows, schema=["record_id", "concept", "assertion"], orient="row")
    said = said_codes(findings, table, assertions=PRESENT_OR_UNCERTAIN)
    codes = dict(records.select("record_id", "codes").iter_rows())
    before, after = Counter(row["verdict"] for row in judged), Counter[str]()
    mended = []
    for row in judged:
        record_id, code = row["record_id"], row["code"]
        if (code in codes[record_id]) == (code in said.get(record_id, ())):
            mended.append(f"  {record_id} {code} {row['verdict']}")
        else:
            after[row["verdict"]] += 1
    yield f"{rules.name}: {after.total()} of {len(judged)} pairs still disagree"
    yield from (f"{verdict}: {after[verdict]} of {before[verdict]}" for verdict in VERDICTS)
    yield from ["agree now:", *mended]


def read_judged() -> list[dict[str, str]]:
    """Read the judgements."""
    with JUDGED.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def page() -> Iterator[str]:
    """The summary, as Markdown."""
    judged = read_judged()
    seen = sum("ECG seen" in row["reason"] for row in judged)
    yield "# Where findings and codes differ: 100 disagreements, read"
    yield ""
    yield "Made by `benchmarks/disagreements.py page` from `tests/evaluation/disagreements_ptb_xl.csv`."
    yield (
        f"\nThe findings of rules/1 and the SCP codes of PTB-XL fold {FOLD} differ in some 2,700 pairs "
        f"of record and code (the {COMMONEST} commonest codes, micro-F1 0.770). {PER_KIND} that are coded "
        f"and not said and {PER_KIND} that are said and not coded were drawn (seed {SEED}), each half in "
        "proportion to the codes' own disagreements. The two halves are about equally common "
        "(1,332 and 1,373), so their sum stands for all."
    )
    yield (
        "\nEach report was read beside its codes and judged on the text alone; where the rhythm or the "
        f"shape of a complex decides, the ECG was drawn ({seen} pairs, `records/paper.py`, 100 Hz). The "
        "reader was a language model and no cardiologist, saw what the rules had found, and judged once: "
        "take the table as an account of causes, not as a reference."
    )
    yield "\n## Who is right\n"
    yield f"| | {' | '.join(KINDS.values())} | together | 95 % interval |"
    yield "| --- | --- | --- | --- | --- |"
    for verdict, meaning in VERDICTS.items():
        each = [
            sum(r["verdict"] == verdict and r["kind"] == kind for r in judged) for kind in KINDS
        ]
        low, high = binomtest(sum(each), len(judged)).proportion_ci(method="wilson")
        interval = f"{low:.0%} to {high:.0%}"
        yield f"| {meaning} | {each[0]} | {each[1]} | **{sum(each)}** | {interval} |"
    yield from codes_table(judged)
    yield "\n## Each of them\n"
    yield "| record | code | kind | right | why |\n| --- | --- | --- | --- | --- |"
    for row in judged:
        cells = (row["record_id"], row["code"], KINDS[row["kind"]], row["verdict"], row["reason"])
        yield f"| {' | '.join(cells)} |"


def codes_table(judged: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """A row per code with three disagreements or more."""
    yield "\n## Codes with three and more\n"
    yield f"| code | drawn | {' | '.join(VERDICTS)} |\n| --- | --- |{' --- |' * len(VERDICTS)}"
    for code, count in Counter(row["code"] for row in judged).most_common():
        if count >= 3:
            own = Counter(row["verdict"] for row in judged if row["code"] == code)
            yield f"| {code} | {count} | {' | '.join(str(own[v] or '') for v in VERDICTS)} |"


def main() -> None:
    """Run one of the three."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, arguments in (("draw", ("store", "worksheet")), ("recheck", ("store",))):
        command = commands.add_parser(name)
        for argument in arguments:
            command.add_argument(argument, type=Path)
    commands.add_parser("page").add_argument("page", type=Path)
    options = parser.parse_args()
    if options.command == "draw":
        write_worksheet(Store.open(options.store), options.worksheet)
    elif options.command == "recheck":
        print("\n".join(recheck(Store.open(options.store))))
    else:
        options.page.write_text("\n".join(page()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
