"""The client: patience with busy servers, secrets, forms of answers, a run that is cut short."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from supreme_ecg.errors import EndpointError, ExtraError
from supreme_ecg.extraction.llm.backoff import Backoff, Gate
from supreme_ecg.extraction.llm.cache import AnswerCache
from supreme_ecg.extraction.llm.chat import Completion, Message, Question, Sampling, Unanswered
from supreme_ecg.extraction.llm.endpoint import EndpointChat
from supreme_ecg.extraction.llm.extractor import LlmExtractor
from tests.extraction.llm.replay import Replay, Reply, statement_of

STATEMENTS = ["sinus rhythm", "atrial flutter", "left axis deviation", "ST depression", "pause"]
KEY = "sk-very-secret-0123456789"


def question(key: str = "k", content: str = "Statement: x") -> Question:
    return Question(key, (Message("user", content),), {"type": "object"})


def answers(chat: EndpointChat, count: int = 1) -> list[Completion | Unanswered]:
    return [answer for _, answer in chat.ask(question(str(k)) for k in range(count))]


def finding_of(body: dict, _: int) -> Reply:
    """Finds one word of each statement."""
    word = statement_of(body).split()[0]
    return Reply(
        f'{{"findings": [{{"evidence": "{word}", "concept": "arrhythmia", "assertion": "Abnormal"}}]}}'
    )


def test_a_busy_server_is_asked_again_when_it_says(connect, waits) -> None:
    """429 with Retry-After 7 waits 7 s, 503 without one the doubled wait, and then it answers."""
    replies = [Reply(status=429, headers={"Retry-After": "7"}), Reply(status=503), Reply("{}")]
    with Replay(lambda _, number: replies[number]) as server:
        chat = connect(server.url, concurrency=1, backoff=Backoff(tries=3, first_s=4))
        (answer,) = answers(chat)
    assert isinstance(answer, Completion)
    assert waits == [7, 4]


@pytest.mark.parametrize(("status", "held"), [(429, [9]), (503, [9]), (529, [9]), (500, [])])
def test_one_slow_down_holds_all_requests(
    status: int, held: list[float], connect, monkeypatch
) -> None:
    """What a busy server asks for is a wait of everybody, what an error asks for of one request."""
    holds: list[float] = []
    monkeypatch.setattr(Gate, "hold", lambda _, seconds: holds.append(seconds))
    trouble = Reply(status=status, headers={"Retry-After": "9"})
    with Replay(lambda _, number: Reply() if number else trouble) as server:
        assert isinstance(answers(connect(server.url))[0], Completion)
    assert holds == held


@pytest.mark.parametrize("status", [408, 409, 500, 502, 504, 529])
def test_passing_trouble_is_tried_again(status: int, connect) -> None:
    """Each of these statuses is answered at the second try."""
    with Replay(lambda _, number: Reply() if number else Reply(status=status)) as server:
        chat = connect(server.url)
        assert isinstance(answers(chat)[0], Completion)
    assert len(server.requests) == 2


def test_a_dropped_connection_is_tried_again(connect) -> None:
    """An answer that breaks off in the middle is asked for again."""
    with Replay(lambda _, number: Reply(dropped=number == 0)) as server:
        assert isinstance(answers(connect(server.url))[0], Completion)
    assert len(server.requests) == 2


def test_no_answer_in_time_is_tried_again(connect) -> None:
    """A server that says nothing for too long is asked again."""
    stuck = threading.Event()
    wait = lambda: stuck.wait(10)  # noqa: E731
    with Replay(lambda _, number: Reply(wait=None if number else wait)) as server:
        assert isinstance(answers(connect(server.url, timeout_s=0.3))[0], Completion)
        stuck.set()
    assert len(server.requests) == 2


@pytest.mark.parametrize("body", ["not JSON", "[]", '{"choices": []}', '{"choices": null}', "null"])
def test_an_answer_that_is_not_of_the_protocol_is_given_up_after_all_tries(
    body: str, connect
) -> None:
    """It is no error of the run: the question stays unanswered, with the reason."""
    with Replay(lambda *_: Reply(body=body)) as server:
        (answer,) = answers(connect(server.url))
    assert answer == Unanswered("an answer that is not of the protocol")
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (Reply(status=500), "HTTP 500"),
        (Reply(status=429), "HTTP 429"),
        (Reply(dropped=True), "a broken connection"),
        (Reply(wait=lambda: time.sleep(0.6)), "no answer in time"),
    ],
    ids=["error", "429", "dropped", "time-out"],
)
def test_one_question_that_never_gets_an_answer_does_not_stop_the_others(
    trouble: Reply, reason: str, connect, table, full
) -> None:
    """It is listed as unanswered and is not in the cache, so that the next run asks again."""

    def answer(body: dict, number: int) -> Reply:
        return trouble if "flutter" in statement_of(body) else finding_of(body, number)

    cache = AnswerCache()
    with Replay(answer) as server:
        chat = connect(server.url, timeout_s=0.3 if trouble.wait else 5.0)
        extractor = LlmExtractor(chat, table, prompt=full, cache=cache)
        found = extractor.extract_many(STATEMENTS)
    assert [text for text in STATEMENTS if found[text]] == [s for s in STATEMENTS if s[0] != "a"]
    assert [(e.statement, e.reason) for e in extractor.rejections] == [
        ("atrial flutter", f"no answer: {reason}")
    ]
    assert extractor.turns("atrial flutter") == ()


def test_a_connection_dropped_in_mid_run_changes_nothing(connect, table, full) -> None:
    """The findings are those of a run without it, and one question was asked twice."""
    found = []
    for bad in (None, 2):
        with Replay(
            lambda body, n, bad=bad: Reply(dropped=True) if n == bad else finding_of(body, n)
        ) as server:
            extractor = LlmExtractor(connect(server.url, concurrency=1), table, prompt=full)
            found.append(extractor.extract_many(STATEMENTS))
    assert found[0] == found[1]
    assert all(found[1].values())
    assert extractor.rejections == []
    assert server.statements == [*STATEMENTS[:3], *STATEMENTS[2:]]


def test_a_server_that_goes_away_in_mid_run_ends_it_and_the_next_goes_on(
    connect, tmp_path: Path, table, full
) -> None:
    """One error says that answers are kept, and the next server is asked for the rest alone."""
    path, gone = tmp_path / "cache.sqlite", threading.Event()

    def answer(body: dict, number: int) -> Reply:
        if number == 2:
            server.refuse()
            gone.set()
        return Reply(dropped=True) if gone.is_set() else finding_of(body, number)

    with Replay(answer) as server, AnswerCache(path) as cache:
        chat = connect(server.url, concurrency=1)
        with pytest.raises(EndpointError, match=r"no connection after 3 tries.*answers are kept"):
            LlmExtractor(chat, table, prompt=full, cache=cache).extract_many(STATEMENTS)
    with Replay(finding_of) as server, AnswerCache(path) as cache:
        extractor = LlmExtractor(connect(server.url), table, prompt=full, cache=cache)
        assert all(extractor.extract_many(STATEMENTS).values())
        assert sorted(server.statements) == sorted(STATEMENTS[2:])


def test_many_questions_without_an_answer_stop_the_run(connect) -> None:
    """Eight in a row mean that the server is at fault; the error says what it answered."""
    with Replay(lambda *_: Reply(status=502)) as server:
        chat = connect(server.url, backoff=Backoff(tries=1))
        with pytest.raises(EndpointError, match="8 questions in a row") as raised:
            answers(chat, 50)
    assert "HTTP 502" in str(raised.value)
    assert len(server.requests) < 20


@pytest.mark.parametrize("status", [401, 403, 404, 302])
def test_what_no_try_can_mend_stops_at_once(status: int, connect, monkeypatch) -> None:
    """One request; the error has address, model and status, and nothing that the server said."""
    monkeypatch.setenv("SUPREME_LLM_KEY", KEY)
    headers = {"Location": "http://192.0.2.1/v1"} if status == 302 else {}
    with Replay(lambda *_: Reply(status=status, headers=headers)) as server:
        with pytest.raises(EndpointError, match=f"HTTP {status}") as raised:
            answers(connect(server.url))
        assert len(server.requests) == 1
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_no_server_is_said_after_all_tries(connect, waits) -> None:
    """The error says that nobody answers at the address, and that answers are kept."""
    with Replay(lambda *_: Reply()) as server:
        url = server.url
    with pytest.raises(EndpointError, match="no connection after 3 tries"):
        answers(connect(url))
    assert len(waits) == 2


def test_the_strictest_form_that_the_server_takes_is_used(connect) -> None:
    """A server that knows no json_schema (500) is asked for json_object from then on."""

    def answer(body: dict, _: int) -> Reply:
        form = body.get("response_format", {}).get("type")
        return Reply() if form == "json_object" else Reply(status=500)

    with Replay(answer) as server:
        chat = connect(server.url)
        assert all(isinstance(each, Completion) for each in answers(chat, 3))
        assert chat.form == "json_object"
    forms = [each["response_format"]["type"] for each in server.requests]
    assert forms == ["json_schema", "json_object", "json_object", "json_object"]
    assert server.requests[1]["response_format"]["schema"] == {"type": "object"}


def test_a_reasoning_model_is_asked_without_temperature(connect) -> None:
    """A server that refuses (400) the older fields gets the newer ones."""

    def answer(body: dict, _: int) -> Reply:
        old = "temperature" in body or "max_tokens" in body
        return Reply(status=400) if old else Reply()

    with Replay(answer) as server:
        chat = connect(server.url, sampling=Sampling(max_tokens=99))
        assert isinstance(answers(chat)[0], Completion)
        assert chat.form == "json_schema"
    assert server.requests[-1]["max_completion_tokens"] == 99


def test_the_key_is_sent_and_nowhere_else(
    connect, monkeypatch, caplog, tmp_path: Path, *, table, full
) -> None:
    """It is in the header alone: not in a log at any level, the cache, or what objects show."""
    monkeypatch.setenv("SUPREME_LLM_KEY", KEY)
    with caplog.at_level(logging.DEBUG), Replay(finding_of) as server:
        chat = connect(server.url)
        with AnswerCache(tmp_path / "cache.sqlite") as cache:
            LlmExtractor(chat, table, prompt=full, cache=cache).extract("sinus rhythm")
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    shown = caplog.text + repr(chat) + str(vars(chat)) + repr(server.requests)
    assert KEY not in shown
    for path in tmp_path.iterdir():
        assert KEY.encode() not in path.read_bytes()


def test_a_key_that_is_no_key_is_not_shown(connect, monkeypatch) -> None:
    """The error names the variable and not what is in it."""
    monkeypatch.setenv("SUPREME_LLM_KEY", "schlüssel")
    with pytest.raises(EndpointError, match="SUPREME_LLM_KEY") as raised:
        connect("http://127.0.0.1:1/v1")
    assert "schl" not in str(raised.value)


def test_a_proxy_is_not_used_for_this_machine(connect, monkeypatch) -> None:
    """Statements for 127.0.0.1 do not take the way over a proxy that the environment names."""
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://192.0.2.1:9")
    with Replay(lambda *_: Reply()) as server:
        assert isinstance(answers(connect(server.url, offline=True))[0], Completion)


def test_the_missing_extra_is_named(monkeypatch) -> None:
    """Without the openai package the error says what to install."""
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(ExtraError, match=r"supreme-ecg\[llm\]"):
        EndpointChat("http://127.0.0.1:1/v1", "m")


def test_a_killed_run_goes_on_without_asking_twice(connect, tmp_path: Path, table, full) -> None:
    """After the server died in the middle, the next run asks what is missing and no more."""

    def dies(body: dict, number: int) -> Reply:
        return Reply(status=401) if number >= 3 else finding_of(body, number)

    path = tmp_path / "cache.sqlite"
    with Replay(dies) as server, AnswerCache(path) as cache:
        chat = connect(server.url, concurrency=1)
        with pytest.raises(EndpointError):
            LlmExtractor(chat, table, prompt=full, cache=cache).extract_many(STATEMENTS)
        done = server.statements[:3]
    with Replay(finding_of) as server, AnswerCache(path) as cache:
        extractor = LlmExtractor(connect(server.url), table, prompt=full, cache=cache)
        found = extractor.extract_many(STATEMENTS)
        assert sorted([*done, *server.statements]) == sorted(STATEMENTS)
        assert extractor.asked == 2
    assert set(found) == set(STATEMENTS)
    with AnswerCache(path) as cache:
        chat = connect("http://127.0.0.1:1/v1")
        assert LlmExtractor(chat, table, prompt=full, cache=cache).extract_many(STATEMENTS) == found


CHILD = """
import sys
from pathlib import Path
from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.extraction.llm.cache import AnswerCache
from supreme_ecg.extraction.llm.endpoint import EndpointChat
from supreme_ecg.extraction.llm.extractor import LlmExtractor
from supreme_ecg.extraction.llm.prompt import Prompt
table = ConceptTable.load()
chat = EndpointChat(sys.argv[1], "replayed", concurrency=1)
prompt, cache = Prompt.load("full-1", table), AnswerCache(Path(sys.argv[2]))
LlmExtractor(chat, table, prompt=prompt, cache=cache).extract_many(sys.argv[3:])
"""


def kept(path: Path, *, answers: int) -> bool:
    """Wait until the child has written so many answers: it asks on while it writes."""
    end = time.monotonic() + 60
    with closing(sqlite3.connect(path, timeout=60)) as answered:
        while time.monotonic() < end:
            if answered.execute("SELECT count(*) FROM answers").fetchone()[0] >= answers:
                return True
            time.sleep(0.02)
    return False


def test_a_process_that_is_killed_outright_loses_no_answer(
    connect, tmp_path: Path, table, full
) -> None:
    """SIGKILL while the fourth question is open: three are kept, two are left to ask."""
    fourth, end = threading.Event(), threading.Event()

    def stops(body: dict, number: int) -> Reply:
        if number == 3:
            fourth.set()
            end.wait(60)
            return Reply(dropped=True)
        return finding_of(body, number)

    path = tmp_path / "cache.sqlite"
    with Replay(stops) as server:
        words = [sys.executable, "-c", CHILD, server.url, str(path), *STATEMENTS]
        with subprocess.Popen(words) as child:
            assert fourth.wait(60)
            assert kept(path, answers=3)
            child.kill()
        end.set()
    with Replay(finding_of) as server, AnswerCache(path) as cache:
        extractor = LlmExtractor(connect(server.url), table, prompt=full, cache=cache)
        assert all(extractor.extract_many(STATEMENTS).values())
        assert sorted(server.statements) == sorted(STATEMENTS[3:])


def test_a_run_killed_before_a_repair_asks_for_the_repair_alone(
    connect, tmp_path: Path, table, full
) -> None:
    """The wrong first answer is not asked for again."""
    path = tmp_path / "cache.sqlite"
    with Replay(lambda _, n: Reply(status=401) if n else Reply("no")) as server:
        cache = AnswerCache(path)
        with pytest.raises(EndpointError):
            LlmExtractor(connect(server.url), table, prompt=full, cache=cache).extract("pause")
        cache.close()
    with Replay(finding_of) as server, AnswerCache(path) as cache:
        extractor = LlmExtractor(connect(server.url), table, prompt=full, cache=cache)
        assert extractor.extract("pause")
        assert len(server.requests) == 1
        assert server.requests[0]["messages"][-2]["content"] == "no"
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM answers").fetchone() == (2,)
