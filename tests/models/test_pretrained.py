"""Names of weights: packaged, a folder, or a hub id (a server on this machine stands for the hub)."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

from supreme_ecg.errors import WeightsError
from supreme_ecg.models import pretrained
from supreme_ecg.models.pretrained import PACKAGED, find_weights, packaged_weights
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.models.training_manifest import FILE, store_training_manifest
from tests.models.small_model import small_model
from tests.models.test_training_manifest import manifest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGEST_BYTES = 25_000_000
"""All packaged weights together."""


@pytest.fixture
def packaged(letters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with small weights under the packaged name."""
    small_model(letters).save(tmp_path / "weights" / PACKAGED)
    monkeypatch.setattr(pretrained, "_packaged_folder", lambda: tmp_path / "weights")
    return tmp_path / "weights" / PACKAGED


def test_packaged_weights_are_found_by_name(packaged: Path, letters) -> None:
    """And they are what is loaded where no name is given."""
    assert packaged_weights() == (PACKAGED,)
    assert find_weights(PACKAGED) == find_weights(Path(PACKAGED)) == packaged
    for model in (SuPreME.from_pretrained(text_encoder=letters), small_model(letters)):
        assert model.trained_concepts == ("atrial_fibrillation",)


def test_an_installation_without_packaged_weights_says_so(tmp_path, monkeypatch) -> None:
    """With what to do instead."""
    monkeypatch.setattr(pretrained, "_packaged_folder", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError, match=r"none in this installation.*--weights FOLDER"):
        SuPreME.from_pretrained()


def test_a_mistyped_path_never_asks_the_network(tmp_path, monkeypatch) -> None:
    """`runs/modle` looks like a hub id, but there is a folder `runs`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    for name in ("runs/modle", "/no/such", "a/b/c", "model"):
        assert find_weights(name) == Path(name)
        with pytest.raises(WeightsError, match="no such folder"):
            SuPreME.from_pretrained(name)


class Hub(BaseHTTPRequestHandler):
    """As much of the Hugging Face hub as fetching two files of `owner/name` needs."""

    files: dict[str, bytes]
    asked: list[str]

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        path = unquote(self.path)
        self.asked.append(path)
        repository, _, rest = path.lstrip("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        found = self.files.get(name)
        if repository != "owner/name":
            self.refuse("RepoNotFound")
        elif revision not in {"main", "v1", COMMIT}:
            self.refuse("RevisionNotFound")
        elif found is None:
            self.refuse("EntryNotFound")
        else:
            self.send_response(200)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{hashlib.sha256(found).hexdigest()}"')
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            if body:
                self.wfile.write(found)

    def refuse(self, code: str) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", code)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def hub(letters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    """A hub on this machine with small weights at owner/name, and an empty cache."""
    from huggingface_hub import constants

    small_model(letters).save(tmp_path / "model")
    files = {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()}
    handler = type("Handler", (Hub,), {"files": files, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True, raising=False)
    monkeypatch.chdir(tmp_path)
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_training_manifest_comes_with_the_weights(
    hub: type[Hub], letters, tmp_path: Path
) -> None:
    """Where the repository has one, the guard knows what was seen."""
    store_training_manifest(tmp_path / "model", manifest())
    hub.files |= {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()}
    model = SuPreME.from_pretrained("owner/name", text_encoder=letters)
    assert model.seen is not None
    assert len(model.seen) == 3


@pytest.mark.parametrize("name", ["owner/name", "owner/name@v1", f"owner/name@{COMMIT}"])
def test_a_hub_id_is_fetched_verified_and_loaded(hub: type[Hub], letters, name: str) -> None:
    """Weights and description of one commit, at the revision that was asked for."""
    model = SuPreME.from_pretrained(name, text_encoder=letters)
    expected = small_model(letters).state_dict()
    assert all(np.array_equal(v, expected[k]) for k, v in model.state_dict().items())
    first, last = hub.asked[0], hub.asked[-1]
    assert f"/resolve/{name.partition('@')[2] or 'main'}/" in first
    assert any(f"/resolve/{COMMIT}/weights.safetensors" in path for path in hub.asked)
    assert f"/resolve/{COMMIT}/{FILE}" in last
    assert model.seen is None


def test_a_damaged_download_is_refused(hub: type[Hub], letters) -> None:
    """The checksum of the description stands whatever the server says."""
    name = "weights.safetensors"
    hub.files[name] = hub.files[name][:-1] + bytes([hub.files[name][-1] ^ 1])
    with pytest.raises(WeightsError, match="other bytes"):
        SuPreME.from_pretrained("owner/name", text_encoder=letters)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("nobody/name", "RepositoryNotFoundError"),
        ("owner/name@v9", "RevisionNotFoundError"),
    ],
)
def test_what_the_hub_does_not_have_is_named(hub: type[Hub], name: str, error: str) -> None:
    """With the packaged names as the way out."""
    with pytest.raises(WeightsError, match=f"{name}.*{error}.*Packaged: "):
        find_weights(name)


def test_a_repository_without_weights_is_named(hub: type[Hub]) -> None:
    """The message says which files it should hold."""
    del hub.files["weights.safetensors"]
    with pytest.raises(WeightsError, match=r"weights.safetensors, found none of these"):
        find_weights("owner/name")


def test_without_a_network_what_was_fetched_before_is_loaded(
    hub: type[Hub], letters, monkeypatch
) -> None:
    """And what was not is named as not to be had."""
    from huggingface_hub import constants

    find_weights("owner/name")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    SuPreME.from_pretrained("owner/name", text_encoder=letters)
    with pytest.raises(WeightsError, match="owner/other"):
        find_weights("owner/other")


@pytest.mark.skipif(not packaged_weights(), reason="this tree has no packaged weights")
def test_the_weights_of_this_package_load_and_tell_what_they_are() -> None:
    """Small enough to ship, stored in half, with a card, trained on folds 1-8 and named without paths."""
    folder = find_weights(PACKAGED)
    model = SuPreME.from_pretrained()
    assert sum(path.stat().st_size for path in folder.parent.rglob("*")) < LARGEST_BYTES
    assert model.manifest["corpus"] == "ptb_xl"
    assert not {9, 10} & set(model.manifest["folds"])
    assert model.contract.sampling_rate_hz == 100
    assert "not for diagnosis" in (folder / "README.md").read_text()
    description = (folder / "model.json").read_text()
    assert '"stored_as": "float16"' in description or '"stored_as": "bfloat16"' in description
    assert not any(place in description for place in ("/home", "/work", "/tmp"))
    flat = np.zeros((1, 12, 1000), np.float32), np.ones((1, 12), bool), np.ones((1, 1000), bool)
    assert np.isfinite(model.predict(*flat, ["atrial fibrillation"])).all()
