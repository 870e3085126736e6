r"""What a language model finds in ECG statements, beside what the rules find.

Asks a running server about the commonest distinct statements of the reports of PTB-XL, folds 1-8, and
about ``machine_statements.csv``: sixty statements in the manner of recorders, in our own words, with
labels by hand. Prints agreement by concept, disagreements, faults of the answers and speed.

    python -m supreme_ecg.extraction.llm.local_server smollm2-135m -- \
        python benchmarks/llm_agreement.py --ptb-xl PTB_XL_FOLDER --out smollm2-135m.json
    python benchmarks/llm_agreement.py --page docs/llm.md --lists docs/results \
        smollm2-135m.json gemma3-270m.json

The second form writes the tables of docs/llm.md from such results, and two lists: agreement by
concept, and the statements of our own that a model reads otherwise than they are labelled.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
from collections import Counter
from pathlib import Path
from statistics import median

import polars as pl

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.extraction.llm.cache import AnswerCache
from supreme_ecg.extraction.llm.chat import Sampling
from supreme_ecg.extraction.llm.endpoint import EndpointChat
from supreme_ecg.extraction.llm.extractor import LlmExtractor
from supreme_ecg.extraction.llm.masking import Masker
from supreme_ecg.extraction.llm.prompt import Prompt
from supreme_ecg.reports.rules import RuleExtractor
from supreme_ecg.reports.statements import split_statements

LAST_FOLD = 8
MACHINE = Path(__file__).parent / "machine_statements.csv"
MARKS = ("<!-- agreement -->", "<!-- end of agreement -->")

Said = dict[str, frozenset[tuple[str, str]]]
"""Statement -> (concept, assertion)."""


def main() -> None:
    """Measure one model, or write the page from results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ptb-xl", type=Path, help="folder with ptbxl_database.csv")
    parser.add_argument("--statements", type=int, default=150, help="how many of PTB-XL")
    parser.add_argument("--url", default=os.environ.get("SUPREME_LLM_URL"))
    parser.add_argument("--model", default=os.environ.get("SUPREME_LLM_MODEL"))
    parser.add_argument("--prompt", default="entity-1")
    parser.add_argument("--cache", type=Path, help="answers are kept here")
    parser.add_argument("--concurrency", type=int, default=1)
    parser.add_argument("--max-tokens", type=int, default=192)
    parser.add_argument("--out", type=Path, help="result as JSON")
    parser.add_argument("--page", type=Path, help="write the results into this page")
    parser.add_argument("--lists", type=Path, help="write the two lists into this folder")
    parser.add_argument("results", nargs="*", type=Path)
    options = parser.parse_args()
    if options.page:
        results = [json.loads(path.read_text()) for path in options.results]
        write_page(options.page, results)
        if options.lists:
            write_lists(options.lists, results)
        return
    result = measure(options)
    text = json.dumps(result, indent=1, ensure_ascii=False)
    if options.out:
        options.out.write_text(text + "\n")
    print(text)


def measure(options: argparse.Namespace) -> dict:
    """Ask the model about both samples and compare."""
    table = ConceptTable.load()
    counts = ptb_xl_statements(options.ptb_xl, options.statements) if options.ptb_xl else {}
    gold = machine_statements()
    chat = EndpointChat(
        options.url,
        options.model,
        offline=True,
        concurrency=options.concurrency,
        sampling=Sampling(max_tokens=options.max_tokens),
        timeout_s=600,
    )
    prompt = Prompt.load(options.prompt, table)
    cache = AnswerCache(options.cache)
    llm = LlmExtractor(chat, table, prompt=prompt, cache=cache)
    rules = RuleExtractor(table.lexicon())
    statements = [*counts, *gold]
    begun = time.perf_counter()
    said_llm = as_said(llm.extract_many(statements))
    seconds = time.perf_counter() - begun
    said_rules = as_said({text: rules.extract(text) for text in statements})
    return {
        "model": options.model,
        "prompt": prompt.version,
        "form": chat.form,
        "speed": speed(statements, llm, prompt, seconds),
        "ptb_xl": {
            "statements": len(counts),
            "records_share": sum(counts.values()),
            "against_rules": agreement(said_rules, said_llm, list(counts)),
            "disagreements": disagreements(said_rules, said_llm, counts),
        },
        "machine": {
            "statements": len(gold),
            "against_rules": agreement(said_rules, said_llm, list(gold)),
            "llm_against_labels": agreement(gold, said_llm, list(gold)),
            "rules_against_labels": agreement(gold, said_rules, list(gold)),
            "disagreements": disagreements(gold, said_llm, dict.fromkeys(gold, 1)),
        },
    }


def ptb_xl_statements(folder: Path, count: int) -> dict[str, int]:
    """Return the commonest distinct statements of folds 1-8 and how many reports have them."""
    reports = pl.read_csv(folder / "ptbxl_database.csv", columns=["strat_fold", "report"])
    reports = reports.filter(pl.col("strat_fold") <= LAST_FOLD)["report"].drop_nulls()
    counts = Counter(
        text
        for report in reports
        for text in {each.text for each in split_statements(report) if each.kind == "finding"}
    )
    return dict(counts.most_common(count))


def machine_statements() -> Said:
    """Return our own statements with their labels."""
    with MACHINE.open(encoding="utf-8", newline="") as file:
        return {row["statement"]: labels(row["findings"]) for row in csv.DictReader(file)}


def labels(text: str) -> frozenset[tuple[str, str]]:
    """Read ``concept:assertion;concept:assertion``."""
    pairs = (each.partition(":") for each in text.split(";") if each)
    return frozenset((concept, assertion) for concept, _, assertion in pairs)


def as_said(findings: dict) -> Said:
    """Keep concept and assertion."""
    return {
        text: frozenset((each.concept, each.assertion) for each in found)
        for text, found in findings.items()
    }


def agreement(right: Said, other: Said, statements: list[str]) -> dict:
    """Count findings of one reading that another one has too, by concept and together."""
    concepts: dict[str, Counter] = {}
    both_concepts = Counter()
    for text in statements:
        for side, said in (("right", right[text]), ("other", other[text])):
            for concept, _ in said:
                concepts.setdefault(concept, Counter())[side] += 1
        for concept, _ in right[text] & other[text]:
            concepts[concept]["both"] += 1
        named = {concept for concept, _ in right[text]}, {concept for concept, _ in other[text]}
        both_concepts += Counter(right=len(named[0]), other=len(named[1]))
        both_concepts["both"] += len(named[0] & named[1])
    assertions = Counter(
        f"{assertion} {said}"
        for text in statements
        for concept, assertion in right[text]
        for other_concept, said in other[text]
        if concept == other_concept
    )
    total = sum(concepts.values(), Counter())
    rows = sorted(concepts.items(), key=lambda item: (-item[1]["right"], item[0]))
    same = sum(right[text] == other[text] for text in statements)
    return {
        "concept_and_assertion": score(total),
        "concept_alone": score(both_concepts),
        "assertions": dict(assertions),
        "statements_alike": same / len(statements) if statements else 0.0,
        "concepts": [{"concept": concept} | score(n) for concept, n in rows],
    }


def score(n: Counter) -> dict:
    """Precision, recall and F1 of counts."""
    return {
        "right": n["right"],
        "said": n["other"],
        "both": n["both"],
        "precision": n["both"] / n["other"] if n["other"] else 0.0,
        "recall": n["both"] / n["right"] if n["right"] else 0.0,
        "f1": 2 * n["both"] / (n["right"] + n["other"]) if n["right"] + n["other"] else 0.0,
    }


def disagreements(right: Said, other: Said, counts: dict[str, int]) -> list[dict]:
    """List the statements read differently, commonest first."""
    return [
        {
            "statement": text,
            "reports": n,
            "expected": sorted(map(":".join, right[text])),
            "model": sorted(map(":".join, other[text])),
        }
        for text, n in counts.items()
        if right[text] != other[text]
    ]


def speed(statements: list[str], llm: LlmExtractor, prompt: Prompt, seconds: float) -> dict:
    """Faults of first and mended answers, tokens, and time."""
    masker, counts, faults, took = Masker(), Counter(), Counter(), []
    for text in llm.group(statements):
        for number, turn in enumerate(llm.turns(text), start=1):
            done = turn.completion
            checked = prompt.check(done.text, masker.mask(text))
            counts[f"answers_{number}"] += 1
            counts[f"faultless_{number}"] += not checked.faults
            counts["prompt_tokens"] += done.prompt_tokens
            counts["completion_tokens"] += done.completion_tokens
            counts["cut_off"] += done.finish == "length"
            took.append(done.seconds)
            kinds = {fault.partition(": ")[2] or fault for fault in checked.faults}
            faults.update(kinds if number == 1 else ())
    return dict(counts) | {
        "faults_of_first_answers": dict(faults),
        "rejected_statements": len(llm.rejections),
        "seconds_of_answers": sum(took),
        "seconds_per_answer_median": median(took) if took else 0.0,
        "statements_per_s": len(statements) / sum(took) if took else 0.0,
        "answered_in_this_run": llm.asked,
        "seconds_of_this_run": seconds,
    }


def write_page(page: Path, results: list[dict]) -> None:
    """Put the tables between the marks of the page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    shown = [each for each in results if not each["prompt"].startswith("compact")]
    parts = [summary(results)]
    parts += [f"### {each['model']} beside the rules\n\n{details(each)}" for each in shown]
    middle = "\n\n".join(parts)
    page.write_text(f"{before}{MARKS[0]}\n\n{middle}\n\n{MARKS[1]}{after}", encoding="utf-8")


def write_lists(folder: Path, results: list[dict]) -> None:
    """Write agreement by concept, and our own statements that are read otherwise than labelled."""
    names = [each["model"] for each in results]
    rows = [["sample", "against", "model", "concept", "theirs", "model_said", "both", "f1"]]
    for each in results:
        for sample, against in (("ptb_xl", "against_rules"), ("machine", "llm_against_labels")):
            beside = (sample, against.split("_")[-1], each["model"])
            rows += [
                [*beside, c["concept"], c["right"], c["said"], c["both"], f"{c['f1']:.3f}"]
                for c in each[sample][against]["concepts"]
            ]
    write_csv(folder / "llm_concepts.csv", rows)
    said: dict[str, dict[str, str]] = {}
    for each in results:
        for line in each["machine"]["disagreements"]:
            said.setdefault(line["statement"], {})[each["model"]] = ";".join(line["model"]) or "-"
    rows = [["statement", "labels", *names]]
    rows += [
        [text, ";".join(sorted(map(":".join, right))) or "-"]
        + [said[text].get(name, "as labelled") for name in names]
        for text, right in machine_statements().items()
        if text in said
    ]
    write_csv(folder / "llm_machine_disagreements.csv", rows)


def write_csv(path: Path, rows: list[list]) -> None:
    """Write rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def summary(results: list[dict]) -> str:
    """One column per model."""
    rows = [["", *(f"{each['model']}, {each['prompt'].split('+')[0]}" for each in results)]]

    def row(name: str, value: object) -> None:
        rows.append([name, *(str(value(each)) for each in results)])

    def f1(part: str, against: str, what: str) -> object:
        return lambda each: scores_of(each[part][against][what])

    row("first answers without a fault", lambda e: share(e, "faultless_1", "answers_1"))
    row("mended answers without a fault", lambda e: share(e, "faultless_2", "answers_2"))
    row("statements with something rejected", lambda e: e["speed"]["rejected_statements"])
    both = "concept_and_assertion"
    row("PTB-XL: F1 (precision, recall) against the rules", f1("ptb_xl", "against_rules", both))
    row("PTB-XL: the same, concept alone", f1("ptb_xl", "against_rules", "concept_alone"))
    row("PTB-XL: statements read alike", lambda e: alike(e["ptb_xl"]["against_rules"]))
    row(
        "machine: F1 (precision, recall) against the labels",
        f1("machine", "llm_against_labels", both),
    )
    row("machine: the same, concept alone", f1("machine", "llm_against_labels", "concept_alone"))
    row("machine: the rules against the labels", f1("machine", "rules_against_labels", both))
    row(
        "seconds per answer (median, busy machine)",
        lambda e: f"{e['speed']['seconds_per_answer_median']:.1f}",
    )
    row("prompt tokens per answer", lambda e: per_answer(e, "prompt_tokens"))
    row("answer tokens per answer", lambda e: per_answer(e, "completion_tokens"))
    row("prompt version", lambda e: f"`{e['prompt']}`")
    return table_of(rows)


def details(result: dict) -> str:
    """Agreement by concept and the commonest disagreements of one model."""
    rows = [["concept", "rules", "model", "both", "F1"]]
    rows += [
        [c["concept"], c["right"], c["said"], c["both"], f"{c['f1']:.2f}"]
        for c in result["ptb_xl"]["against_rules"]["concepts"][:15]
    ]
    lines = [["reports", "statement", "rules", "model"]]
    lines += [
        [d["reports"], d["statement"], listed(d["expected"]), listed(d["model"])]
        for d in result["ptb_xl"]["disagreements"][:12]
    ]
    said = result["ptb_xl"]["against_rules"]["concepts"]
    most = sorted(said, key=lambda c: c["both"] - c["said"])[:6]
    surplus = [[c["concept"], c["said"], c["both"]] for c in most]
    surplus.insert(0, ["concept", "model", "of them with the rules"])
    return "\n\n".join(
        [
            f"PTB-XL, {result['ptb_xl']['statements']} commonest statements of folds 1-8; findings "
            "by concept (concept and assertion must agree):",
            table_of(rows),
            "What it says most often without the rules:",
            table_of(surplus),
            "Assertions, where both name the concept:",
            table_of(assertion_rows(result["ptb_xl"]["against_rules"]["assertions"])),
            "Commonest statements that are read differently:",
            table_of(lines),
        ]
    )


def scores_of(score: dict) -> str:
    """F1 with precision and recall."""
    return f"{score['f1']:.3f} ({score['precision']:.2f}, {score['recall']:.2f})"


def listed(said: list[str]) -> str:
    """Findings for a cell."""
    return "<br>".join(said) or "-"


def assertion_rows(counts: dict[str, int]) -> list[list]:
    """Rules by row, model by column."""
    names = ("present", "uncertain", "absent")
    rows = [[a, *(counts.get(f"{a} {b}", 0) for b in names)] for a in names]
    return [["rules \\ model", *names], *rows]


def share(result: dict, part: str, whole: str) -> str:
    """As "12 of 30"."""
    return f"{result['speed'].get(part, 0)} of {result['speed'].get(whole, 0)}"


def alike(scores: dict) -> str:
    """As a percentage."""
    return f"{scores['statements_alike']:.0%}"


def per_answer(result: dict, what: str) -> str:
    """Average over first and mended answers."""
    answers = result["speed"].get("answers_1", 0) + result["speed"].get("answers_2", 0)
    return f"{result['speed'].get(what, 0) / max(answers, 1):.0f}"


def table_of(rows: list[list]) -> str:
    """A Markdown table."""
    cells = [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


if __name__ == "__main__":
    main()
