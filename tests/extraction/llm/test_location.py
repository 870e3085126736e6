"""Where statements may be sent."""

from __future__ import annotations

import socket

import pytest

from supreme_ecg.errors import EndpointError
from supreme_ecg.extraction.llm.location import check_url, is_loopback


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8080/v1/", "http://localhost/v1", "https://[::1]:1/v1", "http://127.9.9.9"],
)
def test_offline_allows_this_machine(url: str) -> None:
    """Loopback addresses and localhost pass."""
    assert check_url(url, offline=True) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/v1",
        "http://192.168.1.2:8000/v1",
        "http://0.0.0.0:8000/v1",
        "http://localhost.example.com/v1",
        "http://127.0.0.1.example.com/v1",
        "http://[::ffff:8.8.8.8]/v1",
        "http://2130706433/v1",
    ],
)
def test_offline_forbids_every_other_machine(url: str, monkeypatch) -> None:
    """Also names and numbers that could lead back here; nothing is looked up."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("looked up"))
    with pytest.raises(EndpointError, match="--offline"):
        check_url(url, offline=True)
    assert check_url(url, offline=False) == url
    assert not is_loopback(url)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8080", "ftp://127.0.0.1", "http://", "http://[::1", "http://a:99999"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    """The error shows the form of a right one."""
    with pytest.raises(EndpointError, match=r"http://127\.0\.0\.1:8080/v1"):
        check_url(url, offline=False)


@pytest.mark.parametrize("url", ["https://me:pa55@host/v1", "https://host/v1?key=pa55"])
def test_a_secret_in_the_address_is_refused_and_not_shown(url: str) -> None:
    """Keys belong into the environment."""
    with pytest.raises(EndpointError, match="environment") as raised:
        check_url(url, offline=False)
    assert "pa55" not in str(raised.value)
