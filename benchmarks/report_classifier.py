"""The yardstick of the rule extractor: a classifier of report texts that was trained on the codes.

TF-IDF of words and word pairs with one logistic regression per code, trained on the reports and
SCP codes of PTB-XL folds 1-8, against the rules, which see no code; both scored on fold 9 for the
commonest codes there. Both see the text after the same cut of leaked codes.

    python benchmarks/report_classifier.py PTB_XL_FOLDER [--json]
"""

from __future__ import annotations

import argparse
import ast
import json
import time
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.evaluation.extraction_scores import CodeScore, score_findings
from supreme_ecg.reports.rules import RuleExtractor
from supreme_ecg.reports.statements import cut_leaked_codes, lower_umlauts, split_statements

TEST_FOLD = 9
COMMONEST = 40


def main() -> None:
    """Score both on fold 9 and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ptb_xl", type=Path, help="folder with ptbxl_database.csv")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    records = read_records(options.ptb_xl / "ptbxl_database.csv")
    training = records.filter(pl.col("fold") < TEST_FOLD)
    test = records.filter(pl.col("fold") == TEST_FOLD)
    table = ConceptTable.load()
    findings, seconds = extract(test, RuleExtractor(table.lexicon()))
    codes = dict(test.select("record_id", "codes").iter_rows())
    rules = score_findings(findings, codes, table, commonest=COMMONEST)
    assert rules is not None
    classifier = classify(training, test, [score.code for score in rules.codes])
    rows = [
        {
            "code": score.code,
            "coded": score.coded,
            "rules": score.f1,
            "rules_precision": score.precision,
            "rules_recall": score.recall,
            "classifier": classifier[score.code].f1,
        }
        for score in rules.codes
    ]
    result = {
        "records": test.height,
        "rules_micro_f1": rules.micro.f1,
        "rules_micro_f1_present_only": rules.micro_present.f1,
        "classifier_micro_f1": classifier["micro"].f1,
        "rules_seconds": seconds,
        "codes": rows,
    }
    print(json.dumps(result, indent=1) if options.json else as_text(result))


def read_records(path: Path) -> pl.DataFrame:
    """Read record id, fold, report (leak cut) and codes of folds 1-9."""
    columns = ["ecg_id", "strat_fold", "report", "scp_codes"]
    table = pl.read_csv(path, columns=columns).filter(pl.col("strat_fold") <= TEST_FOLD)
    return pl.DataFrame(
        {
            "record_id": table["ecg_id"].cast(pl.String),
            "fold": table["strat_fold"],
            "report": [lower_umlauts(cut_leaked_codes(text or "")) for text in table["report"]],
            "codes": [list(ast.literal_eval(codes)) for codes in table["scp_codes"]],
        }
    )


def extract(records: pl.DataFrame, extractor: RuleExtractor) -> tuple[pl.DataFrame, float]:
    """Return the findings of each record and the seconds that it took."""
    begun = time.perf_counter()
    rows = [
        (record_id, finding.concept, finding.assertion)
        for record_id, report in records.select("record_id", "report").iter_rows()
        for statement in split_statements(report)
        if statement.kind == "finding"
        for finding in extractor.extract(statement.text)
    ]
    schema = ["record_id", "concept", "assertion"]
    return pl.DataFrame(rows, schema=schema, orient="row"), time.perf_counter() - begun


def classify(training: pl.DataFrame, test: pl.DataFrame, codes: list[str]) -> dict[str, CodeScore]:
    """Train on one part, score on the other; ``micro`` is all codes together."""
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    features = words.fit_transform(training["report"].to_list())
    model = OneVsRestClassifier(LogisticRegression(C=30.0, max_iter=1000))
    model.fit(features, label_matrix(training, codes))
    said = model.predict(words.transform(test["report"].to_list())) == 1
    coded = label_matrix(test, codes) == 1
    scores = {code: score(code, coded[:, k], said[:, k]) for k, code in enumerate(codes)}
    return scores | {"micro": score("micro", coded, said)}


def label_matrix(records: pl.DataFrame, codes: list[str]) -> np.ndarray:
    """Return (record, code) with 1 where a record has the code."""
    return np.array([[int(code in each) for code in codes] for each in records["codes"]])


def score(code: str, coded: np.ndarray, said: np.ndarray) -> CodeScore:
    """Count agreement of two boolean arrays."""
    counts = {"coded": coded.sum(), "said": said.sum(), "both": (coded & said).sum()}
    return CodeScore(code=code, concept=None, **{key: int(n) for key, n in counts.items()})


def as_text(result: dict) -> str:
    """Lay the result out as a table."""
    lines = [f"{'code':8} {'coded':>6} {'rules':>7} {'(P':>6} {'R)':>6} {'classifier':>11}"]
    lines.extend(
        f"{row['code']:8} {row['coded']:6} {row['rules']:7.3f} {row['rules_precision']:6.2f} "
        f"{row['rules_recall']:6.2f} {row['classifier']:11.3f}"
        for row in result["codes"]
    )
    lines.append(
        f"micro-F1: rules {result['rules_micro_f1']:.3f} "
        f"(present only {result['rules_micro_f1_present_only']:.3f}), "
        f"classifier trained on the codes {result['classifier_micro_f1']:.3f}; "
        f"{result['records']} records, rules {result['rules_seconds']:.1f} s"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
