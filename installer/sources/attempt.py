"""One try to get a file from a web server, in a thread of its own.

A thread, because no wait of Python's own can be bounded: the look-up of a name takes as long as
the resolver likes, and a server that sends a byte now and then keeps the status line, a header or
the size of a chunk open for ever.
"""

from __future__ import annotations

import contextlib
import http.client
import queue
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urlsplit

from installer.sources.address import Address, without_credentials
from installer.sources.failed import FetchFailed
from installer.sources.failure import bad_redirection, no_answer, refusal

_CHUNK = 1 << 16
_PIECES_AHEAD = 8
_PUT_SECONDS = 0.5
_END = b""


class Attempt:
    """A try; leaving its block ends it, however far it is."""

    def __init__(self, address: Address, *, limit: int, silence: float) -> None:
        self.shown = address.shown
        self.came_from = ""
        self._address = address
        self._limit = limit
        self._silence = silence
        self._left = threading.Event()
        self._sockets: list[socket.socket] = []
        self._pieces: queue.Queue[bytes | FetchFailed] = queue.Queue(_PIECES_AHEAD)
        # A daemon: a resolver that never comes back does not keep the program from ending.
        self._thread = threading.Thread(target=self._work, name="fetch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._left.set()
        for each in self._sockets:
            _shut(each)

    def piece(self, seconds: float) -> bytes | None:
        """The next piece of the file, b"" at its end; None when none comes in this time.

        :raises FetchFailed: there is no further piece.
        """
        try:
            piece = self._pieces.get(timeout=seconds)
        except queue.Empty:
            if not self._thread.is_alive() and self._pieces.empty():
                raise RuntimeError("the download ended without a result") from None
            return None
        if isinstance(piece, FetchFailed):
            raise piece
        return piece

    def _work(self) -> None:
        try:
            self._read()
        except FetchFailed as failure:
            self._put(failure)
        except urllib.error.HTTPError as error:
            error.close()
            self._put(refusal(self.shown, error))
        except urllib.error.URLError as error:
            reason = error.reason if isinstance(error.reason, Exception) else OSError()
            self._put(no_answer(self.shown, reason))
        except (http.client.HTTPException, OSError, ValueError) as error:
            self._put(no_answer(self.shown, error))
        else:
            self._put(_END)

    def _read(self) -> None:
        # A new request for each try: urllib counts the redirections of one in the request itself.
        request = urllib.request.Request(self._address.url)  # noqa: S310  (http or https)
        request.add_header("User-Agent", "photon-installer")
        request.add_unredirected_header("Host", self._address.host)
        if self._address.authorization:
            # Unredirected: the password is for this server, not for where it sends us.
            request.add_unredirected_header("Authorization", self._address.authorization)
        left = self._limit
        with _opener(self).open(request, timeout=self._silence) as answer:
            self.came_from = _came_from(self.shown, request.full_url, answer.url)
            self._refuse_encodings(answer)
            while left > 0 and (piece := answer.read1(min(_CHUNK, left))):
                left -= len(piece)
                self._put(piece)
                if self._left.is_set():
                    return
            if left > 0 and answer.length:
                raise http.client.IncompleteRead(b"", answer.length)

    def _refuse_encodings(self, answer: Any) -> None:
        """Nothing but gzip, which its first bytes tell, can be told from the file itself."""
        encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"", "identity", "gzip", "x-gzip"}:
            message = f"{self.shown}: the server sent it compressed, which was not asked for"
            hint = "have the server give the file as it is"
            raise FetchFailed(message, hint, refused=True, again=False)

    def _put(self, piece: bytes | FetchFailed) -> None:
        while not self._left.is_set():
            with contextlib.suppress(queue.Full):
                self._pieces.put(piece, timeout=_PUT_SECONDS)
                return

    def watch(self, connected: socket.socket) -> None:
        """Remember a socket, so that leaving ends a wait for it."""
        self._sockets.append(connected)
        if self._left.is_set():
            _shut(connected)


def _shut(connected: socket.socket) -> None:
    # Not SSLSocket.shutdown(), which takes the state away that the thread is using.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


def _came_from(shown: str, asked: str, answered: str) -> str:
    """Who answered in the end; what stands behind a ? may be a key to the file."""
    return shown if asked == answered else without_credentials(answered.partition("?")[0])


class _Http(http.client.HTTPConnection):
    """A connection whose socket ``watch`` gets to know."""

    watch: Callable[[socket.socket], None]

    def connect(self) -> None:
        super().connect()
        self.watch(self.sock)


class _Https(_Http, http.client.HTTPSConnection):
    """The same, encrypted."""


class _Handler(urllib.request.AbstractHTTPHandler):
    """Opens http and https for an attempt."""

    http_request = https_request = urllib.request.AbstractHTTPHandler.do_request_

    def __init__(self, attempt: Attempt) -> None:
        super().__init__()
        self._attempt = attempt

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._watched(_Http), req)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._watched(_Https), req)

    def _watched(self, kind: type[_Http]) -> Callable[..., _Http]:
        def connection(host: str, **more: Any) -> _Http:
            made = kind(host, **more)
            made.watch = self._attempt.watch
            return made

        return connection


class _CarefulRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirections to http and https, but none from an encrypted to an open connection."""

    def __init__(self, attempt: Attempt) -> None:
        self._shown = attempt.shown

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        fp.close()  # or urllib would read all of what comes with the redirection
        scheme = urlsplit(newurl).scheme
        where = f"{self._shown}: the server redirects "
        if scheme not in {"http", "https"}:
            raise bad_redirection(where + "to something that is neither http nor https")
        if req.type == "https" and scheme != "https":
            raise bad_redirection(where + "from https to a connection that is not encrypted")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(attempt: Attempt) -> urllib.request.OpenerDirector:
    """Only these: urllib's own opener reads ftp://, file:// and data: as well."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        _Handler(attempt),
        urllib.request.HTTPDefaultErrorHandler(),
        _CarefulRedirects(attempt),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener
