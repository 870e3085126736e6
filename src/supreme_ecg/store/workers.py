"""Tasks run in this process or spread over worker processes that die with it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from supreme_ecg.errors import StoreError
from supreme_ecg.extraction.processes import METHOD, begin_worker


def prepare_workers(workers: int, *modules: str) -> None:
    """Begin to import what workers need, in the background; they then start in no time.

    Args:
        workers: As for :func:`run_tasks`; nothing is done for 1, nor where processes cannot fork.
        modules: Names of modules to import.
    """
    if workers > 1 and METHOD == "forkserver":
        from multiprocessing import forkserver  # noqa: PLC0415  not on every system

        multiprocessing.get_context(METHOD).set_forkserver_preload(list(modules))
        forkserver.ensure_running()


def run_tasks(
    work: Callable[..., None], tasks: Mapping[int, Mapping[str, object]], *, workers: int
) -> Iterator[int]:
    """Run ``work(key, **arguments)`` for every task.

    Args:
        work: A module-level function.
        tasks: Key -> arguments.
        workers: Processes at work; 1 = this one, without any other.

    Yields:
        The key of each task as it is finished.

    Raises:
        StoreError: A worker was killed, for instance for want of memory. Errors of ``work`` pass.
    """
    if workers == 1 or len(tasks) < 2:
        for key, arguments in tasks.items():
            work(key, **arguments)
            yield key
        return
    context = multiprocessing.get_context(METHOD)
    count = min(workers, len(tasks))
    with ProcessPoolExecutor(count, mp_context=context, initializer=begin_worker) as pool:
        futures = {pool.submit(work, key, **arguments): key for key, arguments in tasks.items()}
        try:
            for future in as_completed(futures):
                future.result()
                yield futures[future]
        except BrokenProcessPool:
            raise StoreError(
                "ingest",
                expected="worker processes that live until the end",
                found="one that ended early, for want of memory or at a script's own start",
                remedy="Run it again with fewer workers: what is done is kept. "
                "In a script, put the call under `if __name__ == '__main__':`.",
            ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
