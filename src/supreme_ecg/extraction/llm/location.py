"""Where a language model may be asked."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from supreme_ecg.errors import EndpointError

KEY_VARIABLE: Final = "SUPREME_LLM_KEY"
"""Environment variable of a server's key, unless another is named."""


def check_url(url: str, *, offline: bool) -> str:
    """Check the address of an endpoint.

    Args:
        url: Base address of a server, as ``http://127.0.0.1:8080/v1``.
        offline: Whether only this machine may be asked. Names other than ``localhost`` are then
            refused without being looked up.

    Returns:
        The address without a slash at its end.

    Raises:
        EndpointError: The address is none, holds a password or a query, or is not of this machine.
            The message leaves out what could be a secret.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in ("http", "https") or not host:
        raise EndpointError(
            "the endpoint's URL",
            expected="http:// or https:// with a host, as http://127.0.0.1:8080/v1",
            found="something else",
            remedy="Give the server's base URL.",
        )
    shown = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise EndpointError(
            shown,
            expected="a URL without user, password or query",
            found="one that could hold a secret",
            remedy="Give the key in the environment instead.",
        )
    if offline and not is_loopback(url):
        raise EndpointError(
            shown,
            expected="an address of this machine (127.0.0.1, ::1 or localhost), because of --offline",
            found="another machine's",
            remedy="Start a local server, or leave --offline out if reports may leave this machine.",
        )
    return url.strip().rstrip("/")


def is_loopback(url: str) -> bool:
    """Say whether a URL is of this machine, without looking any name up."""
    host = urlsplit(url.strip()).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
