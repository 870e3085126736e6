"""A server on 127.0.0.1 that speaks OpenAI's protocol and says what a test wants it to say."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Reply:
    """What the server does with one request."""

    text: str = '{"findings": []}'
    status: int = 200
    finish: str = "stop"
    refusal: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    dropped: bool = False
    """Hang up in the middle of the answer."""
    body: str | None = None
    """The whole body, in place of a completion."""
    wait: Callable[[], object] | None = None
    """Called before anything is sent."""


class Replay:
    """The server. ``answer`` gets the request's body and the number of the request, from 0."""

    def __init__(self, answer: Callable[[dict[str, Any], int], Reply]) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self._lock = threading.Lock()
        replay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with replay._lock:
                    number = len(replay.requests)
                    replay.requests.append(body)
                    replay.headers.append({k.lower(): v for k, v in self.headers.items()})
                with suppress(ConnectionError):  # a client that is gone
                    self._send(answer(body, number))

            def _send(self, reply: Reply) -> None:
                if reply.wait:
                    reply.wait()
                content = (reply.body if reply.body is not None else completion(reply)).encode()
                self.send_response(reply.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if reply.dropped else content)
                if reply.dropped:
                    self.close_connection = True

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def refuse(self) -> None:
        """Take no more connections, as a server that has ended."""
        self._server.socket.close()

    @property
    def statements(self) -> list[str]:
        """The statement of each request."""
        return [statement_of(request) for request in self.requests]


def statement_of(request: Mapping[str, Any]) -> str:
    """The statement that a request asks about: that of the first turn after the examples."""
    turns = [m["content"] for m in request["messages"] if "Statement: " in m["content"]]
    return turns[-1].rpartition("Statement: ")[2]


def completion(reply: Reply) -> str:
    """The body of a completion, or of an error as servers word them."""
    if reply.status != 200:
        return json.dumps({"error": {"message": "secret words of the server", "code": None}})
    message = {"role": "assistant", "content": reply.text, "refusal": reply.refusal}
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1760000000,
            "model": "replayed",
            "choices": [{"index": 0, "message": message, "finish_reason": reply.finish}],
            "usage": {"prompt_tokens": 900, "completion_tokens": 40, "total_tokens": 940},
        }
    )
