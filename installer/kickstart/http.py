"""A kickstart from a web server: with time limits, bounded retries, and waits that are shown."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO
from urllib.parse import unquote, urlsplit, urlunsplit

from installer.errors import Cancelled, InstallerError, KickstartRefused, KickstartUnreachable
from installer.events import Emit, Message

# Half a minute in all: a switch port with spanning tree takes about that long to come up.
WAITS = (1.0, 2.0, 4.0, 8.0, 15.0)
_ANSWER_SECONDS = 15.0
_WHOLE_SECONDS = 60.0
_STEP_SECONDS = 0.5
_HEADERS = {"User-Agent": "photon-installer"}
_CHUNK = 1 << 16
_TRY_LATER = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to go on: seconds before each further try, how to wait them, when to give up.

    ``answer`` is how many seconds a server may be silent.
    """

    waits: Sequence[float] = WAITS
    sleep: Callable[[float], None] = time.sleep
    cancelled: Callable[[], bool] = lambda: False
    answer: float = _ANSWER_SECONDS

    def wait(self, seconds: float) -> None:
        """Wait, and look every half second whether it is still wanted.

        :raises Cancelled: it is not.
        """
        while seconds > 0:
            if self.cancelled():
                raise Cancelled("The kickstart is no longer waited for.")
            self.sleep(min(seconds, _STEP_SECONDS))
            seconds -= _STEP_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """A try that failed: the error to end with, and whether a further try may help."""

    error: InstallerError
    again: bool


def without_password(url: str) -> str:
    """The address as it may be shown: without user and password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=host))


def fetch(url: str, *, emit: Emit, limit: int, patience: Patience) -> bytes:
    """The first ``limit`` bytes of what stands at the address.

    Tries again when the server cannot be reached or is out of order (5xx), never when it said no.
    A user and password in the address are sent to that server alone.

    :raises KickstartUnreachable: no answer.
    :raises KickstartRefused: an answer, but not the file, or no trustworthy one.
    """
    try:
        shown = without_password(url)
        request = _request(url, shown)
    except ValueError as error:
        raise KickstartUnreachable(f"this is no address: {error}", "like http://host/ks") from None
    for number, wait in enumerate((*patience.waits, None), start=1):
        result = _try(request, shown, limit, patience.answer)
        if isinstance(result, bytes):
            return result
        if wait is None or not result.again:
            raise result.error
        tries = len(patience.waits) + 1
        text = f"{result.error.message}; trying again in {wait:g} s ({number} of {tries} tries)"
        emit(Message(level="warning", text=text))
        patience.wait(wait)
    raise AssertionError("the last try returns or raises")


class _CarefulRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirections, but not from an encrypted connection to an open one."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if req.type == "https" and urlsplit(newurl).scheme != "https":
            message = "it leads from https to a connection that is not encrypted"
            raise urllib.error.HTTPError(req.full_url, code, message, headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _request(url: str, shown: str) -> urllib.request.Request:
    parts = urlsplit(url)
    if not parts.hostname or parts.port == 0:
        raise ValueError(f"{shown} names no host")
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f"{shown} is neither http nor https")
    request = urllib.request.Request(shown, headers=_HEADERS)  # noqa: S310 (looked at above)
    if parts.username is not None:
        plain = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        token = base64.b64encode(plain.encode()).decode("ascii")
        # Unredirected: the password is for this server, not for where it sends us.
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request


def _try(
    request: urllib.request.Request, shown: str, limit: int, seconds: float
) -> bytes | _Failure:
    try:
        return _read(request, limit, seconds)
    except urllib.error.HTTPError as error:
        with error:
            return _refusal(shown, error)
    except urllib.error.URLError as error:
        reason = error.reason if isinstance(error.reason, Exception) else OSError(error.reason)
        return _no_answer(shown, reason)
    except (http.client.HTTPException, OSError, ValueError) as error:
        return _no_answer(shown, error)


def _read(request: urllib.request.Request, limit: int, seconds: float) -> bytes:
    opener = urllib.request.build_opener(_CarefulRedirects)
    deadline = time.monotonic() + _WHOLE_SECONDS
    data = b""
    with opener.open(request, timeout=seconds) as answer:
        while len(data) < limit and (chunk := answer.read1(min(_CHUNK, limit - len(data)))):
            data += chunk
            if time.monotonic() > deadline:
                raise TimeoutError
        if len(data) < limit and answer.length:
            raise http.client.IncompleteRead(data, answer.length)
    return data


def _refusal(shown: str, error: urllib.error.HTTPError) -> _Failure:
    hint = {
        401: "the server wants a user and password: http://user:password@host/...",
        403: "the server does not give this file to this machine",
        404: "the server has no such file: is the address right?",
    }.get(error.code, "")
    message = f"{shown}: the server answered {error.code} {error.reason}".rstrip()
    again = error.code >= 500 or error.code in _TRY_LATER
    return _Failure(error=KickstartRefused(message, hint), again=again)


def _no_answer(shown: str, error: Exception) -> _Failure:
    match error:
        case ssl.SSLCertVerificationError():
            return _bad_certificate(shown, error)
        case ssl.SSLError():
            message = f"{shown}: no encrypted connection: {error.reason or 'TLS failed'}"
            return _Failure(
                error=KickstartRefused(message, "does this port speak TLS?"), again=False
            )
        case http.client.InvalidURL() | ValueError():
            failure = KickstartUnreachable(f"{shown}: this is no address")
            return _Failure(error=failure, again=False)
    reason, hint = _reason(error)
    return _Failure(error=KickstartUnreachable(f"{shown}: {reason}", hint), again=True)


def _bad_certificate(shown: str, error: ssl.SSLCertVerificationError) -> _Failure:
    message = f"{shown}: the server's certificate is not trusted: {error.verify_message}"
    hint = "is its authority among the system's certificates?"
    if "not yet valid" in error.verify_message or "expired" in error.verify_message:
        hint = "is this machine's clock right?"
    return _Failure(error=KickstartRefused(message, hint), again=False)


def _reason(error: Exception) -> tuple[str, str]:
    """Why there was no answer, and what may help."""
    for kind, reason, hint in _REASONS:
        if isinstance(error, kind):
            return reason, hint
    text = error.strerror if isinstance(error, OSError) else None
    return (text or "the connection failed").lower(), "is the network up?"


# The first that fits, so the special stands before the general.
_REASONS: tuple[tuple[type[Exception], str, str], ...] = (
    (
        socket.gaierror,
        "no such host, or no name server answered",
        "is the network up, and DNS given?",
    ),
    (TimeoutError, "no answer in time", "is the network up, and the address right?"),
    (ConnectionRefusedError, "the connection was refused", "is a server running at that port?"),
    (http.client.IncompleteRead, "the answer was cut off", ""),
    (ConnectionError, "the connection was closed", "is the server well?"),
    (http.client.HTTPException, "what answered is no web server", "is the port right?"),
)
