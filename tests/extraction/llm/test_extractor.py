"""The extractor: masked statements, groups, estimates, files beside the findings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supreme_ecg.concepts.labels import label_matrix
from supreme_ecg.errors import EndpointError
from supreme_ecg.extraction.llm.cache import AnswerCache
from supreme_ecg.extraction.llm.chat import Completion, Question, Sampling
from supreme_ecg.extraction.llm.estimate import estimate_run
from supreme_ecg.extraction.llm.extractor import LlmExtractor
from supreme_ecg.extraction.llm.output import (
    ENTITIES,
    PROVENANCE,
    REJECTED,
    remove_listings,
    write_listings,
)
from supreme_ecg.extraction.run import extract_reports
from supreme_ecg.reports.extractor import BatchExtractor
from tests.extraction.llm.replay import Replay, Reply, statement_of

FLUTTER = (
    '{"findings": [{"evidence": "flutter", "concept": "atrial_flutter", "assertion": "Abnormal"}]}'
)
NEW = (
    '{"findings": [{"evidence": "alternans", "new_entity": "T wave alternans",'
    ' "assertion": "Uncertain"}]}'
)


class Scripted:
    """A model that gives the same answer to everything, in this process."""

    model, sampling, concurrency = "scripted", Sampling(), 1

    def __init__(self, text: str) -> None:
        self._text = text

    def ask(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Completion]]:
        for question in questions:
            yield question, Completion(text=self._text, finish="stop")

    def close(self) -> None:
        pass


EVIDENCE = st.sampled_from(["flutter", "1.2.2003", "[DATE]", "Dr. Ng", "Ng, [", "ST", "\u0130", ""])


@settings(deadline=None)
@given(
    statement=st.lists(EVIDENCE | st.text(max_size=6), max_size=6).map(" ".join),
    said=st.lists(
        st.fixed_dictionaries(
            {
                "evidence": EVIDENCE | st.text(max_size=6),
                "concept": st.sampled_from(["atrial_flutter", "normal ECG", "no such", None]),
                "new_entity": st.sampled_from([None, "thing"]),
                "assertion": st.sampled_from(["Normal", "Abnormal", "Uncertain"]),
            }
        ),
        max_size=3,
    ),
)
def test_any_statement_and_answer_give_findings_inside_the_statement(
    statement: str, said: list, table, full
) -> None:
    """Nothing raises, spans lie in the text and hold more than nothing, concepts are known."""
    chat = Scripted(json.dumps({"findings": said}))
    for found in LlmExtractor(chat, table, prompt=full).extract(statement):
        start, end = found.span
        assert 0 <= start < end <= len(statement)
        assert found.concept in table


def test_identifiers_do_not_leave_and_cost_one_question(connect, table, full) -> None:
    """Statements that differ in a name and a date are one question; spans fit each of them."""
    statements = [
        "Dr. Ng, 1.2.2003: flutter",
        "Dr. Featherstone, 11.12.2013: flutter",
        "Mrs Okafor: flutter",
    ]
    with Replay(lambda *_: Reply(FLUTTER)) as server:
        extractor = LlmExtractor(connect(server.url), table, prompt=full, names=["okafor"])
        found = extractor.extract_many(statements)
    assert sorted(server.statements) == ["Dr. [NAME], [DATE]: flutter", "Mrs [NAME]: flutter"]
    for text in statements:
        ((start, end),) = [each.span for each in found[text]]
        assert text[start:end] == "flutter"


def test_no_identifier_is_in_anything_that_is_sent_or_cached(
    connect, tmp_path: Path, table, full
) -> None:
    """Neither in a first question nor in a repair, in headers, or in the file of the answers."""
    statement = (
        "Confirmed by Featherstone, MRN 4711-22, 11.12.2013: flutter (Okafor, a.b@c.example)"
    )
    secrets = ("Featherstone", "4711", "2013", "Okafor", "a.b@c")
    replay = Replay(lambda _, n: Reply(FLUTTER if n else "no"))
    with replay as server, AnswerCache(tmp_path / "cache.sqlite") as cache:
        chat = connect(server.url)
        extractor = LlmExtractor(chat, table, prompt=full, cache=cache, names=["Okafor"])
        (found,) = extractor.extract(statement)
    assert statement[slice(*found.span)] == "flutter"
    assert len(server.requests) == 2
    kept = [path.read_bytes().decode("latin-1") for path in tmp_path.iterdir()]
    for text in (json.dumps(server.requests), json.dumps(server.headers), *kept):
        assert not [each for each in secrets if each.lower() in text.lower()]


def test_it_runs_as_any_batch_extractor(connect, table, full) -> None:
    """A table of reports becomes findings; each distinct statement is done once."""
    reports = ["Atrial flutter. Atrial flutter.", None, "Atrial flutter"]
    done: list[None] = []
    with Replay(lambda *_: Reply(FLUTTER)) as server:
        extractor = LlmExtractor(connect(server.url), table, prompt=full)
        assert isinstance(extractor, BatchExtractor)
        findings, report = extract_reports(
            ["a", "b", "c"], reports, extractor, on_statement=lambda: done.append(None)
        )
    assert findings["record_id"].to_list() == ["a", "a", "c"]
    assert set(findings["extractor"]) == {extractor.name}
    assert (len(done), len(server.requests), report.distinct_statements) == (1, 1, 1)


def test_an_estimate_asks_nothing(connect, table, full) -> None:
    """Statements, what is known, tokens from letters, and money if prices are given."""
    chat = connect("http://127.0.0.1:1/v1", concurrency=4)
    cache = AnswerCache()
    extractor = LlmExtractor(chat, table, prompt=full, cache=cache)
    statements = ["Dr. Ng: flutter", "Dr. Oz: flutter", "pause"]
    made = estimate_run(statements, extractor, price_per_million=(2.0, 10.0))
    assert (made.statements, made.masked_statements, made.with_identifiers) == (3, 2, 2)
    assert (made.known, made.to_ask, made.basis) == (0, 2, "assumed")
    letters = sum(len(m.content) for m in full.conversation("pause"))
    assert made.prompt_tokens == pytest.approx(made.answers * letters / 3.2, rel=0.1)
    assert made.cost == pytest.approx((2 * made.prompt_tokens + 10 * made.completion_tokens) / 1e6)
    assert made.seconds > 0


def test_an_estimate_learns_from_the_cache(connect, table, full) -> None:
    """Once there are answers, their tokens and times count, and what is known is not asked."""
    cache = AnswerCache()
    with Replay(lambda *_: Reply(FLUTTER)) as server:
        chat = connect(server.url)
        extractor = LlmExtractor(chat, table, prompt=full, cache=cache)
        extractor.extract("atrial flutter")
        made = estimate_run(["atrial flutter", "coarse flutter"], extractor)
        assert len(server.requests) == 1
    assert (made.known, made.to_ask, made.basis) == (1, 1, "measured")
    assert (made.prompt_tokens, made.completion_tokens, made.cost) == (900, 40, None)


def test_the_files_beside_the_findings(connect, table, full, tmp_path: Path) -> None:
    """New entities by record for the vocabulary, provenance and rejections by statement."""

    def answer(body: dict, _: int) -> Reply:
        text = statement_of(body).lower()
        return Reply(NEW if "alternans" in text else FLUTTER if "flutter" in text else "no")

    ids, reports = ["a", "b"], ["Alternans. Atrial flutter.", 'alternans? Alternans. Odd, "odd".']
    with Replay(answer) as server:
        extractor = LlmExtractor(connect(server.url), table, prompt=full)
        findings, _ = extract_reports(ids, reports, extractor)
    write_listings(tmp_path, extractor, ids, reports)
    entities = pl.read_parquet(tmp_path / ENTITIES)
    assert entities.schema == findings.schema
    assert entities["record_id"].to_list() == ["a", "b", "b"]
    assert set(entities["concept"]) == {"new:T wave alternans"}
    origin = pl.read_csv(tmp_path / PROVENANCE)
    assert set(origin["concept"].drop_nulls()) == {"atrial_flutter"}
    assert pl.read_csv(tmp_path / REJECTED).rows() == [('Odd, "odd"', "not JSON")]
    labels = label_matrix(findings, record_ids=ids, concepts=["atrial_flutter"], table=table)
    assert labels.tolist() == [[1], [0]]
    remove_listings(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_dead_server_leaves_the_answers_in_order(connect, table, full) -> None:
    """An error of the run does not lose what was answered before it."""
    cache = AnswerCache()
    with Replay(lambda _, n: Reply(status=403) if n else Reply(FLUTTER)) as server:
        extractor = LlmExtractor(
            connect(server.url, concurrency=1), table, prompt=full, cache=cache
        )
        with pytest.raises(EndpointError):
            extractor.extract_many(["flutter a", "flutter b", "flutter c"])
    assert [len(extractor.turns(text)) for text in ("flutter a", "flutter b")] == [1, 0]
