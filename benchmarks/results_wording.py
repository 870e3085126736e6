"""The sections on wording, from ``wording{,_resolved}.json`` and ``nearest_{limits,names}.json``.

    python benchmarks/results_wording.py docs/results docs/wording.md

replaces the lines between the two marks in the page.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from supreme_ecg.evaluation.paraphrase import half_of

BEGIN, END = "<!-- wording -->", "<!-- end of wording -->"
TABLES = (
    ("wording", "reports", "Asked as they are, truth from reports"),
    ("wording_resolved", "reports", "Asked as `supreme ask` asks, truth from reports"),
    ("wording", "scp", "Asked as they are, truth from SCP codes"),
    ("wording_resolved", "scp", "Asked as `supreme ask` asks, truth from SCP codes"),
)


def main() -> None:
    """Put the sections into the page."""
    folder, page = map(Path, sys.argv[1:3])
    values = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    before, rest = page.read_text().split(BEGIN)
    after = rest.split(END)[1]
    text = "\n".join(lines(values))
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


def lines(values: Mapping[str, Any]) -> Iterator[str]:
    """Every number comes from the JSON files; a section whose file is absent is left out."""
    yield "## Wording of questions\n"
    if "wording" in values:
        yield from summary(values)
        yield from by_half(values)
        yield from by_kind(values)
        yield from readings(values.get("wording_resolved", {}))
        yield from worst(values.get("wording_resolved", {}))
    if "nearest_limits" in values:
        yield from limits(values["nearest_limits"])
    if "nearest_names" in values:
        yield from names(values["nearest_names"])


def summary(values: Mapping[str, Any]) -> Iterator[str]:
    """One row for each way of asking and kind of truth."""
    yield "### Paraphrases against names\n"
    yield (
        "| how asked, which truth | paraphrases | concepts | within 0.02 | 95 % interval | not worse by "
        "0.02 | mean difference | 95 % interval |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for file, truth, title in TABLES:
        result = values.get(file, {}).get(truth)
        if result and result["overall"]:
            yield f"| {title} | {_row(result['overall'])} |"
    run, left_out = values["wording"]["run"], values["wording"]["reports"]
    yield (
        f"\n{run['records']:,} records of {run['patients']:,} patients (folds {run['folds']}). Left out with "
        f"fewer than {left_out['least_positives']} positives in the reports: "
        f"{len(left_out['excluded_concepts'])} concepts, {left_out['excluded_paraphrases']} paraphrases."
    )
    yield ""


def by_half(values: Mapping[str, Any]) -> Iterator[str]:
    """The half whose misreadings were looked at, and the other one."""
    yield "### Halves of the concepts, asked as `supreme ask` asks\n"
    yield (
        "| half, which truth | paraphrases | concepts | within 0.02 | 95 % interval | not worse by "
        "0.02 | mean difference | 95 % interval |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for file, title in (("wording_blind", "words written blind"), ("wording_resolved", "as it is")):
        result = values.get(file, {}).get("reports", {})
        for half in ("development", "test"):
            if half in result.get("by_half", {}):
                yield f"| {title}: {half}, reports | {_row(result['by_half'][half])} |"
        if result:
            yield f"| {title}: both, reports | {_row(result['overall'])} |"
    yield ""


def by_kind(values: Mapping[str, Any]) -> Iterator[str]:
    """Share within the tolerance for each kind of paraphrase."""
    yield "### By kind, truth from reports\n"
    yield (
        "| kind | paraphrases | as they are: within 0.02 | mean difference | as `supreme ask` asks: within "
        "0.02 | 95 % interval | mean difference |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    resolved = values.get("wording_resolved", {}).get("reports", {}).get("by_kind", {})
    for kind, one in values["wording"]["reports"]["by_kind"].items():
        asked = "- | - | -"
        if kind in resolved:
            low, high = resolved[kind]["within_ci95"]
            asked = f"**{resolved[kind]['within']:.0%}** | {low:.0%} to {high:.0%} | "
            asked += f"{resolved[kind]['mean_difference']:+.3f}"
        yield (
            f"| {kind.replace('_', ' ')} | {one['paraphrases']} | {one['within']:.0%} | "
            f"{one['mean_difference']:+.3f} | {asked} |"
        )
    yield ""


def readings(resolved: Mapping[str, Any]) -> Iterator[str]:
    """What the paraphrases of each kind are read as."""
    read = resolved.get("run", {}).get("read")
    if not read:
        return
    columns = tuple(next(iter(read.values())))
    yield "### What `supreme ask` reads them as\n"
    yield f"| kind | {' | '.join(columns)} |"
    yield f"| --- |{' --- |' * len(columns)}"
    for kind, counts in read.items():
        cells = " | ".join(str(counts[column]) for column in columns)
        yield f"| {kind.replace('_', ' ')} | {cells} |"
    totals = [sum(counts[column] for counts in read.values()) for column in columns]
    yield f"| all {sum(totals)} | {' | '.join(map(str, totals))} |\n"


def worst(resolved: Mapping[str, Any], *, count: int = 20) -> Iterator[str]:
    """The paraphrases of the development half that lose most; the other half is not looked at."""
    if not resolved:
        return
    yield f"### The {count} of the development half that lose most, as `supreme ask` asks\n"
    yield "| paraphrase | kind | meant | AUROC | of the name |"
    yield "| --- | --- | --- | --- | --- |"
    seen = (each for each in resolved["reports"]["scores"] if half_of(each["concept"]) != "test")
    for one in sorted(seen, key=lambda each: float(each["difference"]))[:count]:
        yield (
            f"| {one['phrase']} | {one['kind'].replace('_', ' ')} | {one['concept']} | "
            f"{one['auroc']:.3f} | {one['name_auroc']:.3f} |"
        )
    yield ""


def limits(values: Mapping[str, Any]) -> Iterator[str]:
    """What the limits of the nearest concept let through, on synonyms that the adapter has not seen."""
    chosen = values["limits"]
    yield "### The nearest concept: what its limits let through\n"
    reached = values["all"]["read_as_their_own"]["of"]
    yield (
        f"Least cosine {chosen['cosine']}, least lead before the next concept {chosen['lead']}. Of "
        f"{values['held_out_synonyms']} held-out synonyms, {reached} reach this step.\n"
    )
    rows = {
        "read as their own concept": "read_as_their_own",
        "read as another one": "read_as_another",
        "their own left out: read as another one": ("read_as_another_where_their_own_is_left_out"),
    }
    yield "| held-out synonyms | all | en | de | sv |\n| --- | --- | --- | --- | --- |"
    for title, key in rows.items():
        cells = (_share(values[language][key]) for language in ("all", "en", "de", "sv"))
        yield f"| {title} | {' | '.join(cells)} |"
    cardiac = values["cardiac_held_out"]
    read = ", ".join(f"{query} ({near['read_as']})" for query, near in cardiac["read"].items())
    yield (
        f"\nOf the held-out cardiac questions that are not in the table ([asking](asking.md)), "
        f"{_share(cardiac['read_as_a_concept'])} are read as a concept: {read}.\n"
    )


def _share(share: Mapping[str, Any]) -> str:
    low, high = share["ci95"]
    return f"{share['share']:.1%} ({low:.1%} to {high:.1%})"


def names(values: Mapping[str, Any]) -> Iterator[str]:
    """Ranks of held-out synonyms and cosines of names that must not be confused."""
    yield "### Held-out synonyms: rank of the true concept among all names\n"
    yield "| language | synonyms | mean rank before | after | first before | after |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for language in ("all", "en", "de", "sv"):
        before, after = (values["held_out"][language][when] for when in ("before", "after"))
        yield (
            f"| {language} | {before['phrases']} | {before['mean_rank']:.1f} | "
            f"**{after['mean_rank']:.1f}** | {before['first_share']:.0%} | **{after['first_share']:.0%}** |"
        )
    yield "\n### Names that must not be confused: cosine, and the nearest of all names to the first\n"
    yield "| name | other name | cosine before | after | nearest before | nearest after |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for row in values["pairs"]:
        yield (
            f"| {row['one']} | {row['other']} | {row['cosine_before']:.2f} | {row['cosine_after']:.2f} | "
            f"{row['nearest_before']} | {row['nearest_after']} |"
        )


def _row(one: Mapping[str, Any]) -> str:
    (low, high), (least, most) = one["within_ci95"], one["mean_difference_ci95"]
    return (
        f"{one['paraphrases']} | {one['concepts']} | **{one['within']:.1%}** | {low:.1%} to {high:.1%} | "
        f"{one['not_worse']:.1%} | {one['mean_difference']:+.4f} | {least:+.4f} to {most:+.4f}"
    )


if __name__ == "__main__":
    main()
