"""How long the client waits."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from supreme_ecg.extraction.llm.backoff import Backoff, Gate, asked_wait_s

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_what_a_server_asks_for_is_read(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds or a date; anything else is no wish."""
    assert asked_wait_s(headers, NOW) == seconds


def test_waits_double_up_to_the_longest() -> None:
    """Half to all of 1, 2, 4, ... seconds; a server's wish counts more, up to the same limit."""
    backoff = Backoff(first_s=1, longest_s=10)
    assert [backoff.wait_s(k, None, lambda: 1.0) for k in (1, 2, 3, 4, 5, 99)] == [
        1,
        2,
        4,
        8,
        10,
        10,
    ]
    assert backoff.wait_s(3, None, lambda: 0.0) == 2
    assert backoff.wait_s(1, 6.0, lambda: 0.0) == 6
    assert backoff.wait_s(1, 3600.0, lambda: 0.0) == 10


def test_an_ended_gate_lets_nobody_wait() -> None:
    """Whoever would wait an hour goes on at once when the run ends."""
    gate = Gate()
    gate.hold(3600)
    gate.end()
    gate.pass_through()
    gate.sleep(3600)
    assert gate.is_ended
