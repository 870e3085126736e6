"""A language model behind any server that speaks OpenAI's protocol."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, Literal

from supreme_ecg.errors import EndpointError, ExtraError
from supreme_ecg.extraction.llm.backoff import Backoff, Gate, asked_wait_s
from supreme_ecg.extraction.llm.chat import Completion, Question, Sampling, Unanswered
from supreme_ecg.extraction.llm.location import KEY_VARIABLE, check_url, is_loopback

if TYPE_CHECKING:
    import openai

AnswerForm = Literal["json_schema", "json_object", "text"]
_FORMS: Final[tuple[AnswerForm, ...]] = ("json_schema", "json_object", "text")
"""Ways to ask for JSON, strictest first."""

_DIALECTS: Final = tuple((form, newer) for newer in (False, True) for form in _FORMS)
"""Forms, with the older fields of a request and then with the newer ones of reasoning models."""
_REFUSED: Final = frozenset({400, 415, 422, 500, 501})
"""What servers answer to a form or a field that they do not know."""
_BUSY: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""Worth another try."""
_USELESS: Final = {
    401: ("a key that the server takes", "Put the right key into the environment."),
    403: ("a key that may use the model", "Put the right key into the environment."),
    404: ("a server with this model", "Correct --llm-url (it often ends in /v1) or --llm-model."),
    407: ("a way through the proxy", "Set the proxy's variables, or ask a local server."),
}
"""What no other try will mend."""
_FAILURES_IN_A_ROW: Final = 8
"""So many questions without an answer mean that the server is the matter."""


class EndpointChat:
    """Asks a server, many questions at once, patiently.

    The form of the answer is asked for as a JSON schema; a server that refuses that is asked for
    ``json_object`` with the schema (llama.cpp), then for text, and all this again without
    temperature and seed, which some reasoning models refuse. Answers are checked afterwards
    whatever the form. Redirects are not followed, and no proxy is used for this machine's own
    addresses. Neither the key nor anything that a server said gets into an error.

    Args:
        url: Base address, as ``http://127.0.0.1:8080/v1``.
        model: Name of the model, as the server knows it.
        offline: Whether only this machine may be asked.
        sampling: How answers are drawn.
        concurrency: How many questions are asked at once.
        timeout_s: How long one answer may take.
        backoff: Waits between tries.
        key_variable: Environment variable that holds the key, if the server wants one.
        gate: What all questions wait at while the server asks for patience.

    Raises:
        EndpointError: The address is wrong or not allowed, or the key is no key.
        ExtraError: The extra ``llm`` is not installed.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        offline: bool = False,
        sampling: Sampling | None = None,
        concurrency: int = 8,
        timeout_s: float = 120.0,
        backoff: Backoff | None = None,
        key_variable: str = KEY_VARIABLE,
        gate: Gate | None = None,
    ) -> None:
        self.url, self.model = check_url(url, offline=offline), model
        self.sampling, self.concurrency = sampling or Sampling(), concurrency
        self._backoff, self._gate = backoff or Backoff(), gate or Gate()
        self._client = _client(self.url, _key(key_variable), timeout_s)
        self._dialect: tuple[AnswerForm, bool] | None = None
        self._finding_dialect = threading.Lock()
        self._failures = 0

    @property
    def form(self) -> AnswerForm | None:
        """How the server takes the form of the answer; None before its first answer."""
        return self._dialect[0] if self._dialect else None

    def close(self) -> None:
        """Close the connections; whoever waits to ask again gives up."""
        self._gate.end()
        self._client.close()

    def ask(
        self, questions: Iterable[Question]
    ) -> Iterator[tuple[Question, Completion | Unanswered]]:
        """Yield each question with its answer, in the order in which answers come.

        Raises:
            EndpointError: The server cannot be reached, does not know the model or the key, or
                left several questions in a row without an answer.
        """
        pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="llm")
        waiting: dict[Future[Completion | Unanswered], Question] = {}
        try:
            for question in questions:
                waiting[pool.submit(self._answer, question)] = question
                if len(waiting) >= 2 * self.concurrency:
                    yield from self._finished(waiting)
            while waiting:
                yield from self._finished(waiting)
        except BaseException:
            self._gate.end()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _finished(
        self, waiting: dict[Future[Completion | Unanswered], Question]
    ) -> Iterator[tuple[Question, Completion | Unanswered]]:
        done, _ = wait(waiting, return_when=FIRST_COMPLETED)
        error: BaseException | None = None
        for future in done:
            question = waiting.pop(future)
            error = error or future.exception()
            if future.exception() is None:
                yield question, self._counted(future.result())
        if error:
            raise error

    def _counted(self, answer: Completion | Unanswered) -> Completion | Unanswered:
        self._failures = self._failures + 1 if isinstance(answer, Unanswered) else 0
        if isinstance(answer, Unanswered) and self._failures >= _FAILURES_IN_A_ROW:
            raise EndpointError(
                self.url,
                expected="answers",
                found=f"none to {self._failures} questions in a row ({answer.reason})",
                remedy="Look after the server, then run the same command again: answers are kept.",
            )
        return answer

    def _answer(self, question: Question) -> Completion | Unanswered:
        """Ask until there is an answer or the tries are used up."""
        reason, unreachable = "no try", False
        for attempt in range(1, self._backoff.tries + 1):
            self._gate.pass_through()
            if self._gate.is_ended:
                return Unanswered("the run was ended")
            failure = None
            try:
                return self._try(question)
            except _Failure as caught:
                failure = caught
            reason, unreachable = failure.reason, failure.unreachable
            if failure.final:
                break
            if attempt < self._backoff.tries:
                seconds = self._backoff.wait_s(attempt, failure.asked_s, self._gate.draw)
                if failure.for_all:
                    self._gate.hold(seconds)
                else:
                    self._gate.sleep(seconds)
        if unreachable:
            raise EndpointError(
                self.url,
                expected="a server that answers",
                found=f"{reason} after {self._backoff.tries} tries",
                remedy="Start the server, then run the same command again: answers are kept.",
            )
        return Unanswered(reason)

    def _try(self, question: Question) -> Completion:
        """Ask once, in the dialect that the server takes; the first question finds that out."""
        if self._dialect is not None:
            return self._request(question, *self._dialect)
        with self._finding_dialect:
            if self._dialect is not None:
                return self._request(question, *self._dialect)
            first: _Failure | None = None
            for form, newer in _DIALECTS:
                try:
                    completion = self._request(question, form, newer)
                except _Failure as failure:
                    first = first or failure
                    if failure.status not in _REFUSED or (newer and first.status != 400):
                        break
                else:
                    self._dialect = (form, newer)
                    return completion
            assert first is not None
            raise first

    def _request(self, question: Question, form: AnswerForm, newer: bool) -> Completion:
        import openai  # noqa: PLC0415  an extra

        begun = time.perf_counter()
        fields = _response_format(form, question.schema)
        fields |= _newer_fields(self.sampling) if newer else _older_fields(self.sampling)
        try:
            answer = self._client.chat.completions.create(
                model=self.model,
                messages=[asdict(message) for message in question.messages],  # type: ignore[misc]
                extra_body=fields | dict(self.sampling.extra),
            )
            return _completion(answer, time.perf_counter() - begun)
        except openai.APIStatusError as error:
            status, headers = error.status_code, error.response.headers
            if status in _USELESS or status in range(300, 400):
                raise self._useless(status) from None
            raise _Failure(
                f"HTTP {status}",
                status=status,
                asked_s=asked_wait_s(headers),
                final=status not in _BUSY,
                for_all=status in (429, 503, 529),
            ) from None
        except openai.APITimeoutError:
            raise _Failure("no answer in time") from None
        except openai.APIConnectionError as error:
            cause = type(error.__cause__).__name__  # of httpx, or of what takes its place
            if cause == "ConnectError":
                raise _Failure("no connection", unreachable=True) from None
            raise _Failure("a broken connection") from None
        except (openai.OpenAIError, ValueError, TypeError, AttributeError, LookupError):
            raise _Failure("an answer that is not of the protocol") from None

    def _useless(self, status: int) -> EndpointError:
        expected, remedy = _USELESS.get(
            status, ("an answer of the server itself", "Give the URL that it redirects to.")
        )
        where = f"{self.url}, model {self.model!r}"
        return EndpointError(where, expected=expected, found=f"HTTP {status}", remedy=remedy)


class _Failure(Exception):  # noqa: N818  never leaves this module
    """A try that gave no answer."""

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        asked_s: float | None = None,
        final: bool = False,
        for_all: bool = False,
        unreachable: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason, self.status, self.asked_s = reason, status, asked_s
        self.final, self.for_all, self.unreachable = final, for_all, unreachable


def _client(url: str, key: str, timeout_s: float) -> openai.OpenAI:
    try:
        import openai  # noqa: PLC0415  an extra
    except ImportError:
        raise ExtraError(
            "the LLM extractor",
            expected="the extra llm",
            found="no openai package",
            remedy="Install it: pip install 'supreme-ecg[llm]'.",
        ) from None
    http = openai.DefaultHttpxClient(
        follow_redirects=False, trust_env=not is_loopback(url), timeout=timeout_s
    )
    return openai.OpenAI(
        base_url=url, api_key=key, max_retries=0, timeout=timeout_s, http_client=http
    )


def _key(variable: str) -> str:
    key = os.environ.get(variable, "").strip()
    if not all("!" <= letter <= "~" for letter in key):
        raise EndpointError(
            f"environment variable {variable}",
            expected="a key of printable ASCII letters",
            found="other letters in it",
            remedy="Copy the key again.",
        )
    return key or "none"


def _response_format(form: AnswerForm, schema: Mapping[str, Any]) -> dict[str, Any]:
    if form == "json_schema":
        named = {"name": "findings", "strict": True, "schema": schema}
        return {"response_format": {"type": form, "json_schema": named}}
    if form == "json_object":
        return {"response_format": {"type": form, "schema": schema}}
    return {}


def _older_fields(sampling: Sampling) -> dict[str, Any]:
    fields = {"temperature": sampling.temperature, "seed": sampling.seed}
    return fields | {"max_tokens": sampling.max_tokens}


def _newer_fields(sampling: Sampling) -> dict[str, Any]:
    return {"max_completion_tokens": sampling.max_tokens}


def _completion(answer: Any, seconds: float) -> Completion:
    choice = answer.choices[0]
    text = choice.message.content
    refused = bool(getattr(choice.message, "refusal", None))
    if not isinstance(text, str | None):
        raise TypeError
    finish: Literal["stop", "length", "refusal"] = "stop"
    if refused or choice.finish_reason == "content_filter":
        finish = "refusal"
    elif choice.finish_reason == "length":
        finish = "length"
    tokens = [0, 0]
    with suppress(AttributeError, TypeError, ValueError):
        tokens = [int(answer.usage.prompt_tokens), int(answer.usage.completion_tokens)]
    return Completion(
        text=(text or "").encode("utf-8", "replace").decode("utf-8"),
        finish=finish,
        prompt_tokens=tokens[0],
        completion_tokens=tokens[1],
        seconds=seconds,
    )
