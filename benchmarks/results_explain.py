"""The section on explanations from ``docs/results/explain.json``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

BEGIN, END = "<!-- explain -->", "<!-- end of explain -->"


def lines(values: dict[str, Any]) -> Iterator[str]:
    """Tables; every number comes from the JSON of ``benchmarks/explain_examples.py``."""
    beats = values["premature_beats"]
    yield (
        f"**Premature beats** ({beats['hearts']} simulated hearts, truth known, mean probability "
        f"{beats['probability']:.2f}): of the attribution that speaks for a premature ventricular complex "
        f"**{beats['trained']:.0%}** lies in the premature beats, which take {beats['time']:.0%} of the time "
        f"(so much a random map would give them); the same network untrained (mean of "
        f"{beats['seeds']} seeds) puts {beats['untrained']:.0%} there, since those beats are "
        f"also tall; more than untrained in {beats['hearts_above_untrained']} of "
        f"{beats['hearts']} hearts. Occlusion: {beats['occlusion']:.0%}. Agreement of the two maps: "
        f"{beats['agreement']:.2f}.\n"
    )
    yield (
        "**Leads**: share of what speaks for the finding that lies in the leads where a textbook "
        "reads it.\n"
    )
    yield "| question | ECGs | leads | evenly spread | untrained | **trained** | occlusion | agreement |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for where, rows in (
        ("simulated", values["leads"]),
        ("PTB-XL fold 9", values.get("leads_on_recordings", [])),
    ):
        for row in rows:
            yield (
                f"| {row['question']} | {row['records']} {where}, mean probability "
                f"{row['probability']:.2f} | {', '.join(row['leads'])} | {row['uniform']:.2f} | "
                f"{row['untrained']:.2f} | **{row['trained']:.2f}** | {row['occlusion']:.2f} | "
                f"{row['agreement']:.2f} |"
            )
    tables = [*values["leads"], *values.get("leads_on_recordings", [])]
    worse = list(
        dict.fromkeys(row["question"] for row in tables if row["trained"] <= row["untrained"])
    )
    if worse:
        yield (
            f"\nFor {' and '.join(worse)} the trained map lies in those leads no more than an untrained "
            "one, which follows the voltage: do not read the leads of these maps."
        )
    last = values["randomisation"][-1]
    first = values["randomisation"][1]
    yield (
        f"\n**Randomised weights**: rank correlation with the trained map "
        f"{first['signed']:.2f} once the fusion is untrained, "
        f"{last['signed']:.2f} once all is. Without the sign {first['size']:.2f} and {last['size']:.2f}.\n"
    )
    cost = values["cost"]
    yield (
        f"**Cost**: {cost['questions']} questions about one ECG, one thread: explained in "
        f"{cost['explain_processor_s']:.1f} s of "
        f"processor time, drawn in {cost['draw_processor_s']:.1f} s more. "
        f"The attribution missed the sum it should have by "
        f"{cost['largest_gap_share']:.1%} of it at most."
    )
