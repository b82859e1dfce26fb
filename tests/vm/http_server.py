"""A web server on the loopback: virtual machines on QEMU's user network see it as 10.0.2.2."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

HOST_SEEN_FROM_GUEST = "10.0.2.2"


class HttpServer:
    """Serves a folder while in ``with``; ``requests`` are the paths asked for, in their order."""

    def __init__(self, folder: Path) -> None:
        self.requests: list[str] = []
        handler = partial(_Handler, self.requests, directory=str(folder))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)

    @property
    def port(self) -> int:
        """The free port that was taken."""
        return int(self._server.server_address[1])

    def url(self, path: str) -> str:
        """The address of a file, for the guest."""
        return f"http://{HOST_SEEN_FROM_GUEST}:{self.port}/{path}"


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, requests: list[str], *arguments: Any, **named: Any) -> None:
        self._requests = requests
        super().__init__(*arguments, **named)

    def do_GET(self) -> None:
        self._requests.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base's name)
        """Say nothing: the requests are kept instead."""
