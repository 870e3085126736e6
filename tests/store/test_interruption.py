"""A run that is killed, that meets a full disk or another run: nothing half-made passes for a store."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from supreme_ecg.corpora.catalogue import corpus_named
from supreme_ecg.corpora.synthetic import Synthetic
from supreme_ecg.errors import CorpusError, StoreError
from supreme_ecg.extraction.files import write_whole
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.store.ingest import IngestReport, ingest
from supreme_ecg.store.layout import partial_folder
from supreme_ecg.store.partial import partial_store
from supreme_ecg.store.reading import Store
from supreme_ecg.store.workers import run_tasks
from tests.store.cohort_folder import file_bytes, row_of, write_cohort, write_table

KILLED_RUN = """
import os, signal, sys
from pathlib import Path
import psutil
import supreme_ecg.store.ingest as module
from supreme_ecg.corpora.synthetic import Synthetic
from supreme_ecg.preprocessing.contract import SignalContract

def kill_after_two_shards(done, total):
    if done >= 8:
        family = psutil.Process().children(recursive=True)
        Path("family").write_text(" ".join(str(member.pid) for member in family))
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    module.SLICE_RECORDS = 4
    module.ingest(
        Synthetic(), Path("cohort"), Path("store"), contract=SignalContract(),
        workers=int(sys.argv[1]), progress=kill_after_two_shards,
    )
"""

PEAK_OF_RUN = """
import sys, tracemalloc
from pathlib import Path
import supreme_ecg.store.ingest as module
from supreme_ecg.corpora.synthetic import Synthetic
from supreme_ecg.preprocessing.contract import SignalContract

module.SLICE_RECORDS = 16
module.ingest(Synthetic(), Path("cohort"), Path("warm"), contract=SignalContract())
tracemalloc.start()
module.ingest(Synthetic(), Path(sys.argv[1]), Path("store"), contract=SignalContract())
print(tracemalloc.get_traced_memory()[1])
"""


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards of four entries, so that a few records fill several."""
    monkeypatch.setattr("supreme_ecg.store.ingest.SLICE_RECORDS", 4)


def run(folder: Path, name: str = "store", **options: object) -> IngestReport:
    """Ingest the cohort of a folder."""
    contract = SignalContract()
    return ingest(Synthetic(), folder / "cohort", folder / name, contract=contract, **options)  # type: ignore[arg-type]


def script(folder: Path, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in its own process, in a folder."""
    (folder / "script.py").write_text(text)
    return subprocess.run(
        [sys.executable, "script.py", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path, workers: int) -> None:
    """After kill -9 there is no store; the next run keeps the finished shards and ends the same."""
    write_cohort(tmp_path / "cohort", 22)
    (tmp_path / "cohort/records/r0002.dat").unlink()
    killed = script(tmp_path, KILLED_RUN, str(workers))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (tmp_path / "store").exists()
    with pytest.raises(StoreError, match="unfinished ingest"):
        Store.open(tmp_path / "store")
    wait_until_gone(map(int, (tmp_path / "family").read_text().split()))
    partial = partial_folder(tmp_path / "store")
    finished = {part.stem.removeprefix("part-") for part in partial.glob("part-*.json")}
    (partial / "store/signals/.shard-00004.npy.12345").write_bytes(b"half a shard")
    stamps = {n: (partial / f"store/signals/shard-{n}.npy").stat() for n in finished}
    assert len(finished) >= 2

    report = run(tmp_path)
    assert report.entries_done == 22 - sum(2 if n == "00005" else 4 for n in finished)
    for number, stamp in stamps.items():
        now = (tmp_path / f"store/signals/shard-{number}.npy").stat()
        assert (now.st_ino, now.st_mtime_ns) == (stamp.st_ino, stamp.st_mtime_ns)
    run(tmp_path, "uninterrupted")
    assert file_bytes(tmp_path / "store") == file_bytes(tmp_path / "uninterrupted")


def wait_until_gone(pids: object) -> None:
    """Wait for processes to end; fail if one is left."""
    deadline = time.monotonic() + 20
    for pid in list(pids):  # type: ignore[call-overload]
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, "a worker outlives its killed parent"
            time.sleep(0.05)


def test_a_damaged_shard_is_written_again(tmp_path: Path) -> None:
    """A finished shard whose bytes have changed since does not count as finished."""
    write_cohort(tmp_path / "cohort", 12)
    assert script(tmp_path, KILLED_RUN, "1").returncode == -signal.SIGKILL
    shard = partial_folder(tmp_path / "store") / "store/signals/shard-00000.npy"
    shard.write_bytes(shard.read_bytes()[:-1] + b"?")
    assert run(tmp_path).entries_done == 8
    Store.open(tmp_path / "store").verify()


def test_shards_of_another_corpus_do_not_count(tmp_path: Path) -> None:
    """If the table has changed since the kill, everything is read again."""
    write_cohort(tmp_path / "cohort", 12)
    assert script(tmp_path, KILLED_RUN, "1").returncode == -signal.SIGKILL
    write_table(tmp_path / "cohort", [row_of(number, age_years=1) for number in range(12)])
    assert run(tmp_path).entries_done == 12
    assert Store.open(tmp_path / "store").records["age_years"].to_list() == [1.0] * 12


@pytest.mark.parametrize("call", range(1, 7))
def test_a_full_disk_is_one_error_and_no_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """Whichever write meets the full disk, the error counts bytes, and a later run finishes."""
    write_cohort(tmp_path / "cohort", 5)
    calls: list[int] = []

    def full_at_last(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) >= call:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("supreme_ecg.extraction.files.os.fsync", full_at_last)
    with pytest.raises(StoreError, match=r"expected [\d,]+ bytes of free.* found [\d,]+ bytes"):
        run(tmp_path)
    assert not (tmp_path / "store").exists()
    left = partial_folder(tmp_path / "store").rglob("*")
    assert not [path for path in left if path.is_file() and path.name.startswith(".")]
    monkeypatch.undo()
    run(tmp_path)
    Store.open(tmp_path / "store").verify()


def test_a_disk_that_is_too_small_is_refused_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a single shard is begun where the signals cannot fit."""
    write_cohort(tmp_path / "cohort", 5)
    monkeypatch.setattr("supreme_ecg.store.ingest.free_bytes", lambda _: 5 * 24_000)
    with pytest.raises(StoreError, match="bytes of free disk space"):
        run(tmp_path)
    assert not list(partial_folder(tmp_path / "store").glob("part-*"))


def test_two_runs_do_not_write_one_store(tmp_path: Path) -> None:
    """The second of two runs is told of the first, which goes on undisturbed."""
    write_cohort(tmp_path / "cohort", 2)
    with (
        partial_store(tmp_path / "store", identity={"fingerprint": "of the first"}),
        pytest.raises(StoreError, match="another one at work"),
    ):
        run(tmp_path)


def test_a_worker_that_dies_is_one_error() -> None:
    """A worker that ends in mid-task, as for want of memory, ends in advice and no traceback."""
    with pytest.raises(StoreError, match="with fewer workers"):
        list(run_tasks(os._exit, {1: {}, 2: {}}, workers=2))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_worker_arrives_whole(workers: int) -> None:
    """An error raised in another process keeps its class, its words and its parts."""
    tasks = {name: {"sampling_rate_hz": 100} for name in ("cpsc", "ptb")}
    with pytest.raises(CorpusError, match="Did you mean") as caught:
        list(run_tasks(corpus_named, tasks, workers=workers))  # type: ignore[arg-type]
    assert caught.value.where == "corpus"


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    """Ten times the records, 14 MB more of signals, take less than 2 MB more memory."""
    write_cohort(tmp_path / "cohort", 4)
    peaks = []
    for count in (64, 640):
        rows = [row_of(n, file=f"../cohort/records/r{n % 4:04}.hea") for n in range(count)]
        folder = tmp_path / f"of-{count}"
        folder.mkdir()
        write_table(folder, rows)
        printed = script(tmp_path, PEAK_OF_RUN.replace('"store"', f'"s{count}"'), folder.name)
        peaks.append(int(printed.stdout or 0))
    small, large = peaks
    assert small > 16 * 24_000
    assert large - small < 2_000_000


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """A file is replaced whole or not at all."""
    path = tmp_path / "file"
    write_whole(path, [b"old"])

    with pytest.raises(TypeError):
        write_whole(path, [b"new", "no bytes"])  # type: ignore[list-item]
    assert path.read_bytes() == b"old"


def test_a_folder_without_permission_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the system says of the folder is in the error."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("supreme_ecg.extraction.files.os.fsync", refuse)
    with pytest.raises(StoreError, match=r"Permission denied.*permissions"):
        write_whole(tmp_path / "file", [b"new"])
