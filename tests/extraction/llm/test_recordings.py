"""Answers of models, good and bad, replayed by a server on 127.0.0.1."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from supreme_ecg.extraction.llm.extractor import LlmExtractor
from tests.extraction.llm.replay import Replay, Reply

RECORDINGS = json.loads((Path(__file__).parent / "recordings.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("recorded", RECORDINGS, ids=lambda each: each["name"])
def test_an_answer_gives_what_of_it_can_be_believed(
    recorded: dict[str, Any], connect, table, full
) -> None:
    """Findings, rejections and the number of questions are those noted beside the recording."""
    replies = [Reply(**each) for each in recorded["replies"]]
    with Replay(lambda _, number: replies[number]) as server:
        extractor = LlmExtractor(connect(server.url), table, prompt=full)
        statement = recorded["statement"]
        found = extractor.extract(statement)
    said = [f"{f.concept}:{f.assertion}:{statement[slice(*f.span)]}" for f in found]
    assert said == recorded["findings"]
    assert {f.extractor for f in found} <= {extractor.name}
    reasons = [each.reason for each in extractor.rejections]
    if recorded["rejected"] is None:
        assert reasons == []
    else:
        assert len(reasons) == 1
        assert recorded["rejected"] in reasons[0]
    assert len(server.requests) == len(replies)


def test_a_repair_turn_shows_the_answer_and_its_faults(connect, table, full) -> None:
    """The second request goes on from the first one and says what was wrong, once."""
    wrong = (
        '{"findings": [{"evidence": "LBBB", "concept": "atrial_flutter", "assertion": "Normal"}]}'
    )
    replies = [Reply(wrong), Reply(wrong)]
    with Replay(lambda _, number: replies[number]) as server:
        LlmExtractor(connect(server.url), table, prompt=full).extract("atrial flutter")
    first, second = (request["messages"] for request in server.requests)
    assert second[: len(first)] == first
    assert second[-2] == {"role": "assistant", "content": wrong}
    assert "the evidence does not stand in the statement" in second[-1]["content"]


def test_what_the_table_lacks_becomes_a_new_entity(connect, table, full) -> None:
    """It is no finding, and is listed with its place and assertion; a name of the table is none."""
    text = json.dumps(
        {
            "findings": [
                finding("T wave alternans", None, "T wave  alternans", "Uncertain"),
                finding("sinus rhythm", None, "Sinus rhythm", "Normal"),
            ]
        }
    )
    statement = "sinus rhythm, perhaps T wave alternans"
    with Replay(lambda *_: Reply(text)) as server:
        extractor = LlmExtractor(connect(server.url), table, prompt=full)
        found = extractor.extract(statement)
    assert [(each.concept, each.assertion) for each in found] == [("sinus_rhythm", "present")]
    (new,) = [each for each in extractor.provenance if each.concept is None]
    assert (new.entity, new.assertion, new.said) == ("T wave alternans", "uncertain", "Uncertain")
    assert statement[new.start : new.end] == "T wave alternans"


def test_every_finding_says_where_it_comes_from(connect, table, full) -> None:
    """Statement, place, the model's own assertion, turn, time and the answer's key are kept."""
    bad = '{"findings": [{"evidence": "?", "concept": "atrial_flutter", "assertion": "Abnormal"}]}'
    good = bad.replace("?", "flutter")
    with Replay(lambda _, number: Reply(good if number else bad)) as server:
        extractor = LlmExtractor(connect(server.url), table, prompt=full)
        (found,) = extractor.extract("atrial flutter")
    (origin,) = extractor.provenance
    assert (origin.statement, origin.concept, origin.turn) == (
        "atrial flutter",
        "atrial_flutter",
        2,
    )
    assert (origin.start, origin.end) == found.span == (7, 14)
    assert origin.extractor == extractor.name == f"llm/{full.version}/replayed"
    assert origin.answered_at.endswith("+00:00")
    assert len(origin.answer) == 64


def finding(evidence: str, concept: str | None, entity: str | None, said: str) -> dict[str, Any]:
    return {"evidence": evidence, "concept": concept, "new_entity": entity, "assertion": said}
