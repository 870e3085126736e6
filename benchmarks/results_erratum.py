"""The page docs/erratum.md from what ``benchmarks/erratum.py`` counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

COMMAND = """\
python benchmarks/erratum.py MERL_SPLITS --ptb-xl PTB_XL --cpsc2018 CPSC2018 --csn CSN \\
    --vocabularies VOCABULARIES --json docs/results/erratum.json --page docs/erratum.md"""


def lines(values: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the page.

    Args:
        values: What ``benchmarks/erratum.py`` wrote.
    """
    yield "# Erratum of the published label files\n"
    yield (
        "The zero-shot ECG literature scores six tasks with the label and split files of MERL's "
        "code (Liu et "
        "al., ICML 2024, `finetune/data_split`, MIT licence), which later work copied. Each defect "
        "below was "
        "counted in these files by\n"
    )
    yield f"```sh\n{COMMAND}\n```\n"
    yield (
        "This page is its output; do not edit. The files are not part of this repository. "
        "`published` labels "
        "reproduce them, defects included; `corrected` labels have none of these (see "
        "[evaluation.md](evaluation.md)).\n"
    )
    yield from _tight(_sections(values))


def _tight(lines: Iterator[str]) -> Iterator[str]:
    """Points of a list without empty lines between them."""
    last = next(lines)
    for line in lines:
        yield last.rstrip("\n") if line.startswith("- ") and last.startswith("- ") else last
        last = line
    yield last


def _sections(values: dict[str, Any]) -> Iterator[str]:
    yield from _substring(values["csn_substring"])
    yield from _dropped(values["csn_dropped"])
    yield from _csn_rest(values)
    yield from _ptb_xl(values["ptb_xl"])
    yield from _cpsc2018(values["cpsc2018"])
    yield from _rare(values["rare"])
    yield from _right(values)


def _substring(found: dict[str, Any]) -> Iterator[str]:
    test = found["test"]
    yield "## CSN: classes found in parts of other words\n"
    total = sum(one["labels"] for one in found.values())
    explained = sum(one["labels_that_searching_a_part_explains"] for one in found.values())
    yield (
        "A record has a class if the class's acronym is a *part* of the text that lists its acronyms: `AF` "
        "(flutter) in `AFIB`, `ST` (sinus tachycardia) in `STTC`, `STE`, `STDD`, `STTU`, `SA` in "
        "`LVQRSAL`, `CR` "
        "in `CCR`, `AVB` and `VB` in `1AVB` and `2AVB`, `2AVB` in `2AVB1`. This rule gives "
        f"{explained:,} of {total:,} published labels.\n"
    )
    yield "| file | records | with a wrong label | share | wrong labels | labels missed |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for split, one in found.items():
        share = one["wrong_records"] / one["records"]
        yield (
            f"| {split} | {one['records']:,} | {one['wrong_records']:,} | {share:.1%} | "
            f"{one['wrong_labels']:,} | {one['missed']} |"
        )
    yield ""
    yield (
        "Test file, by class. *Perfect reader*: the AUROC, against the published labels, of one who "
        "knows the "
        "true ones.\n"
    )
    yield "| class | published positives | true | false | perfect reader |"
    yield "| --- | --- | --- | --- | --- |"
    for name, one in sorted(
        test["classes"].items(), key=lambda item: item[1]["true"] - item[1]["published"]
    ):
        yield (
            f"| {name} | {one['published']:,} | {one['true']:,} | {one['published'] - one['true']:,} | "
            f"{test['perfect_reader'][name]:.3f} |"
        )
    yield ""
    yield (
        f"A perfect reader's macro-AUROC over the 38 classes is {test['perfect_reader_macro']:.3f}; "
        f"no honest score of the "
        "published task goes further. (In medicine a first-degree block is an AV block, and `2AVB1` "
        "a second-"
        "degree one: the labels found there are true by accident. The other five classes are "
        "plainly false.)\n"
    )


def _dropped(found: dict[str, Any]) -> Iterator[str]:
    yield "## CSN: records left out\n"
    codes = found["codes"]
    statements = sum(one["corpus"] for one in codes.values())
    kept = sum(one["files"] for one in codes.values())
    yield (
        f"The files hold {found['rows']:,} records. One code that the corpus's table of names lacks "
        f"drops a "
        f"record: the PhysioNet/CinC Challenge 2021 counts {found['codes_in_corpus']} codes in this "
        f"corpus, "
        f"{found['codes_unknown']} of them unknown to that table, with {found['unknown_statements']:,} "
        f"statements. Of the {statements:,} statements with a known code {kept:,} "
        f"({kept / statements:.0%}) are "
        "in the files.\n"
    )
    unknown = ", ".join(
        f"{one['name']} {one['records']:,}" for one in found["commonest_unknown"][:6]
    )
    yield f"Commonest unknown codes: {unknown}. Most thinned of the known ones:\n"
    yield "| acronym | corpus | files | kept |\n| --- | --- | --- | --- |"
    common = {name: one for name, one in codes.items() if one["corpus"] >= 50}
    thinned = sorted(common.items(), key=lambda item: item[1]["files"] / item[1]["corpus"])
    for name, one in thinned[:8]:
        share = one["files"] / one["corpus"]
        yield f"| {name} | {one['corpus']:,} | {one['files']:,} | {share:.0%} |"
    yield ""
    hand = found["at_hand"]
    yield (
        f"Of {hand['records']} recordings at hand {len(hand['in_files'])} are in the files. Absent are the "
        f"{len(hand['absent_unknown_code'])} with an unknown code and {len(hand['absent_without_column'])} "
        f"whose findings have no column; {len(hand['absent_otherwise'])} absent for another reason. "
        f"{len(hand['texts_agree'])} texts agree with the header, {len(hand['texts_differ'])} does not "
        f"({', '.join(hand['texts_differ'])}: the files lack its last code).\n"
    )
    sinus = codes["SB"]
    yield (
        f"Sinus bradycardia, the corpus's commonest finding ({sinus['corpus']:,} records), has no "
        f"column, and a "
        f"record without any other finding is left out: {found['alone']['SB']} records of sinus "
        f"bradycardia "
        "alone are in the files. (The counts are of the challenge's issue of the corpus, whose "
        "codes differ "
        "from the database's own in places.)\n"
    )


def _csn_rest(values: dict[str, Any]) -> Iterator[str]:
    columns, names = values["csn_columns"], values["csn_names"]
    yield "## CSN: columns\n"
    ages = ", ".join(f"{age} in {count:,} rows" for age, count in columns["ages"].items())
    yield f"- Column `age` is {ages}: not an age but the number of leads.\n"
    zero = ", ".join(row["ecg_path"][-11:-4] for row in columns["zero_rows"])
    yield f"- {len(columns['zero_rows'])} rows have no class at all ({zero}).\n"
    without = ", ".join(f"{name} {count:,}" for name, count in columns["without_column"].items())
    yield f"- Findings without a column: {without}.\n"
    shared = "; ".join(f"{' = '.join(found)}" for found in names["shared_codes"].values())
    yield (
        f"- {len(names['shared_codes'])} codes stand under several acronyms in the corpus's table "
        f"({shared}); "
        "the files know the first only.\n"
    )
    extension, elevation = names["st"]["STE"], names["st"]["STTU"]
    yield (
        f'- `STE` is no ST elevation: code {extension["code"]}, "{extension["corpus"]}" in the '
        f"corpus's table, "
        f'"{extension["challenge"]}" in the challenge\'s. ST elevation is `STTU`: {elevation["code"]}, '
        f'"{elevation["corpus"]}".\n'
    )


def _ptb_xl(found: dict[str, Any]) -> Iterator[str]:
    yield "## PTB-XL\n"
    moved = found["tasks"]["ptb_xl_subclass"]["misplaced"]
    pairs = ", ".join(f"{pair['train']} where the others have {pair['test']}" for pair in moved)
    yield (
        f"- The subclass training file has {len(moved)} of its 23 columns in another order than the "
        f"validation "
        f"and test files ({pairs}). Code that reads columns by position trains these classes under "
        f"one name and "
        "tests them under another.\n"
    )
    renamed = dict.fromkeys(n for one in found["tasks"].values() for n in one["renamed"])
    yield f"- Names have lost their underscores: {', '.join(renamed)}. `STD_` becomes CPSC2018's `STD`.\n"
    yield (
        "- Records without a class of the task are left out; a statement counts at any "
        "likelihood, 0 included:\n"
    )
    yield (
        f"| task | left out of {found['records']:,} | kept, every statement at likelihood 0 "
        f"|\n| --- | --- | --- |"
    )
    for task, one in found["tasks"].items():
        yield f"| {task} | {one['left_out']:,} | {one['all_at_likelihood_0']:,} |"
    yield ""
    yield (
        "(Form and rhythm statements carry no likelihood: PTB-XL writes 0. This rule is that of the "
        "benchmark of Strodthoff et al. 2021, and the corrected protocol keeps it.)\n"
    )


def _cpsc2018(found: dict[str, Any]) -> Iterator[str]:
    yield "## CPSC2018\n"
    cells = ", ".join(f"`{name}`" for name in found["scp_codes"])
    marks = ", ".join(f"`{name}`" for name in found["validation"])
    share = 1 - found["seconds_read"] / found["seconds"]
    if found["patient_is_record"]:
        yield (
            "- `patient_id` repeats `ecg_id`: the corpus does not tell patients apart, so the split "
            "is by record "
            "and nobody can say whether patients cross it. The same holds for CSN, which has no "
            "such column.\n"
        )
    yield f"- Two columns say nothing: `scp_codes` is {cells} and `validation` {marks} in every row.\n"
    yield (
        "- MERL's loader keeps the first 5 s and fills up with zeros. Of the "
        f"{found['headers_read']} recordings at hand {found['longer']} are longer: {share:.0%} of "
        f"{found['seconds']:.0f} s is never seen.\n"
    )


def _rare(found: dict[str, dict[str, int]]) -> Iterator[str]:
    yield "## Classes that a handful of records decide\n"
    yield (
        "Test files, classes with fewer than ten positives; each weighs as much as any other "
        "in a macro mean.\n"
    )
    yield "| task | classes and positives |\n| --- | --- |"
    for task, classes in found.items():
        if classes:
            listed = ", ".join(f"{name} {count}" for name, count in classes.items())
            yield f"| {task} | {listed} |"
    yield ""


def _right(values: dict[str, Any]) -> Iterator[str]:
    yield "## What is right\n"
    tasks, cpsc = values["ptb_xl"]["tasks"], values["cpsc2018"]
    exact = sum(one["rebuilt_exactly"] for one in tasks.values())
    yield (
        f"- {exact} of {len(tasks)} PTB-XL tasks follow exactly from the corpus's two tables: rows, order, "
        "columns, values. No patient crosses folds: "
        f"{sum(values['splits'][task]['patients_in_two'] for task in tasks)} in two files.\n"
    )
    twice = sum(one["records_in_two"] for one in values["splits"].values())
    yield f"- {twice} records are in two files of a task.\n"
    agree = "agree" if cpsc["counts_agree"] else "do not agree"
    yield f"- CPSC2018's nine label counts {agree} with those of the PhysioNet/CinC Challenge 2021.\n"
    if cpsc["splits_rebuilt_exactly"]:
        yield (
            "- CPSC2018's splits follow, row by row, from `ecg_id` 1 to 6,877 by scikit-learn's "
            "`train_test_split` "
            "(a fifth, then a tenth; seed 42). The order of `ecg_id` itself, and CSN's order of "
            "files, follow "
            "from no rule: they are read from the user's copy.\n"
        )
    ningbo = ", ".join(f"{name} {n:,}" for name, n in values["csn_dropped"]["ningbo"].items())
    yield (
        f"- No fault of the files, but to know: of the corpus's Ningbo part the challenge counts {ningbo}. "
        "Flutter that outnumbers fibrillation so is not credible: part of CSN's `AF` is likely "
        "fibrillation."
    )
