"""How long to wait before asking a busy server again."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_MAX_DOUBLINGS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Waits between tries."""

    tries: int = 6
    """How often one question is asked before it is given up."""
    first_s: float = 1.0
    """Wait before the second try; doubled before each further one."""
    longest_s: float = 120.0
    """No wait is longer, whatever the server asks for."""

    def wait_s(self, attempt: int, asked_s: float | None, draw: Callable[[], float]) -> float:
        """Return the wait before the next try.

        Args:
            attempt: How many tries failed, from 1.
            asked_s: What the server asked for, if it did.
            draw: Gives a number from 0 to 1, so that many clients do not come back at once.

        Returns:
            Seconds: what the server asked for and up to a tenth more, else half to all of the
            doubled wait.
        """
        if asked_s is not None:
            return min(asked_s * (1 + 0.1 * draw()), self.longest_s)
        doubled = self.first_s * 2.0 ** min(attempt - 1, _MAX_DOUBLINGS)
        return min(doubled, self.longest_s) * (0.5 + 0.5 * draw())


def asked_wait_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Read how long a server asks to wait.

    Args:
        headers: Of its answer; ``Retry-After`` holds seconds or a date, ``retry-after-ms``
            milliseconds.
        now: The time, with a zone; None for the clock's.

    Returns:
        Seconds from now, at least 0; None if it does not say.
    """
    for name, per_second in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        text = headers.get(name, "")
        try:
            return max(float(text) / per_second, 0.0) if float(text) < float("inf") else None
        except ValueError:
            continue
    try:
        then = parsedate_to_datetime(headers.get("retry-after", ""))
    except (ValueError, TypeError):
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max((then - (now or datetime.now(UTC))).total_seconds(), 0.0)


class Gate:
    """Lets requests through unless a server asked everyone to wait. Shared by threads.

    Args:
        clock: Seconds that only grow.
        wait: Waits for some seconds, or until the gate is closed for good; for tests.
        draw: Random numbers from 0 to 1.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._ended = threading.Event()
        self._clock, self._wait, self.draw = clock, wait or self._ended.wait, draw
        self._lock, self._open_at = threading.Lock(), 0.0

    @property
    def is_ended(self) -> bool:
        """Whether nobody should ask any more."""
        return self._ended.is_set()

    def end(self) -> None:
        """Wake all who wait: nobody should ask any more."""
        self._ended.set()

    def hold(self, seconds: float) -> None:
        """Let nobody through for some seconds."""
        with self._lock:
            self._open_at = max(self._open_at, self._clock() + seconds)

    def sleep(self, seconds: float) -> None:
        """Wait alone."""
        if not self.is_ended:
            self._wait(seconds)

    def pass_through(self) -> None:
        """Wait until the gate is open."""
        with self._lock:
            seconds = self._open_at - self._clock()
        if seconds > 0:
            self.sleep(seconds)
