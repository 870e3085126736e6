"""Where work on many texts is done: in this process, in others beside it, or on a Ray cluster.

A spread is called like ``map``: ``spread(work, texts)`` gives the results in the order of the texts. So
the output is the same wherever the work is done.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Final, Protocol, TypeVar

from supreme_ecg.errors import ExtraError, WorkerError
from supreme_ecg.extraction.processes import METHOD, begin_worker

T = TypeVar("T")

CHUNK_TEXTS: Final = 1000
"""Texts that a worker gets at once: 0.1 to 0.3 s of work for the rules."""

_CHUNKS_AHEAD: Final = 4
"""Chunks in flight for each worker of a cluster, so that none waits and memory stays small."""


class Spread(Protocol):
    """Does the same work on each of many texts."""

    def __call__(self, work: Callable[[str], T], texts: Sequence[str]) -> Iterable[T]:
        """Give ``work(text)`` for each text, in their order."""


def in_process(work: Callable[[str], T], texts: Sequence[str]) -> Iterable[T]:
    """Do the work here, one text after the other."""
    return map(work, texts)


def over_processes(workers: int) -> Spread:
    """Do the work in processes of this machine; for 1 worker or few texts, here.

    Args:
        workers: How many.
    """

    def spread(work: Callable[[str], T], texts: Sequence[str]) -> Iterable[T]:
        if workers == 1 or len(texts) <= CHUNK_TEXTS:
            return in_process(work, texts)
        return _over_processes(workers, work, texts)

    return spread


def _over_processes(workers: int, work: Callable[[str], T], texts: Sequence[str]) -> Iterator[T]:
    context = multiprocessing.get_context(METHOD)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=begin_worker) as pool:
        try:
            yield from pool.map(work, texts, chunksize=CHUNK_TEXTS)
        except BrokenProcessPool:
            raise _ended_early() from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def over_ray(address: str, *, workers: int | None = None) -> Iterator[Spread]:
    """Do the work on the CPUs of a Ray cluster whose machines have this package.

    Args:
        address: Of a running cluster, as ``ray start --head`` prints it; ``local`` starts one on
            this machine and stops it at the end.
        workers: For ``local``: how many; None for one a CPU.

    Yields:
        The spread.

    Raises:
        ExtraError: Ray is not installed.
        WorkerError: No cluster answers at the address.
    """
    ray = _import_ray()
    own = {"num_cpus": workers, "include_dashboard": False} if address == "local" else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error", **own)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise WorkerError(
            f"Ray cluster {address!r}",
            expected="a cluster that answers",
            found=type(error).__name__,
            remedy="Start one with `ray start --head` and give the address that it prints.",
        ) from None
    try:
        yield _ray_spread(ray)
    finally:
        ray.shutdown()


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report its use to its makers
    try:
        import ray  # noqa: PLC0415  an extra
    except ImportError:
        raise ExtraError(
            "Ray",
            expected="the extra `ray`",
            found="no such package",
            remedy="Install it with `pip install 'supreme-ecg[ray]'`.",
        ) from None
    return ray


def _ray_spread(ray: Any) -> Spread:
    def spread(work: Callable[[str], T], texts: Sequence[str]) -> Iterable[T]:
        ahead = _CHUNKS_AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
        do_chunk, sent_work = ray.remote(_do_chunk), ray.put(work)
        waiting: deque[Any] = deque()
        try:
            for first in range(0, len(texts), CHUNK_TEXTS):
                waiting.append(do_chunk.remote(sent_work, texts[first : first + CHUNK_TEXTS]))
                if len(waiting) == ahead:
                    yield from ray.get(waiting.popleft())
            while waiting:
                yield from ray.get(waiting.popleft())
        except ray.exceptions.RayError:
            raise _ended_early() from None

    return spread


def _do_chunk(work: Callable[[str], T], texts: Sequence[str]) -> list[T]:
    return [work(text) for text in texts]


def _ended_early() -> WorkerError:
    return WorkerError(
        "extraction",
        expected="worker processes that live until the end",
        found="one that ended early, for want of memory or at a script's own start",
        remedy="Run it again with fewer workers. "
        "In a script, put the call under `if __name__ == '__main__':`.",
    )
