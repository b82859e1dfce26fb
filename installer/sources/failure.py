"""Why a web server did not give a file, in words that repeat nothing of what it sent."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.error
from http import HTTPStatus

from installer.sources.failed import FetchFailed
from ks_schema.wording import printable

_TRY_LATER = frozenset({408, 425, 429})
_HINTS = {
    401: "the server wants a user and password: http://user:password@host/...",
    403: "the server does not give this file to this machine",
    404: "the server has no such file: is the address right?",
}


def refusal(shown: str, error: urllib.error.HTTPError) -> FetchFailed:
    """The server answered with an error.

    The words that it adds are left out, not only because a terminal may obey them: a program that
    waits for the last line of an installation could take them for it.
    """
    code = error.code
    message = f"{shown}: the server answered {code} ({_phrase(code)})"
    if 300 <= code < 400:
        return bad_redirection(message + ", and it leads nowhere")
    again = code >= 500 or code in _TRY_LATER
    return FetchFailed(message, _HINTS.get(code, ""), refused=True, again=again)


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "an unknown code"


def bad_redirection(message: str) -> FetchFailed:
    """The server sent us where we do not go."""
    return FetchFailed(message, "give the address of the file itself", refused=True, again=False)


def no_answer(shown: str, error: Exception) -> FetchFailed:
    """What went wrong on the way."""
    match error:
        case ssl.SSLCertVerificationError():
            return _bad_certificate(shown, error)
        case ssl.SSLError():
            message = f"{shown}: no encrypted connection: {error.reason or 'TLS failed'}"
            return FetchFailed(
                printable(message), "does this port speak TLS?", refused=True, again=False
            )
        case http.client.InvalidURL() | ValueError():
            # Our own address was understood: it is the proxy's, or the one we were sent to.
            message = f"{shown}: it leads to an address that is not valid"
            return FetchFailed(message, "is the proxy right, if there is one?", again=False)
    reason, hint = _reason(error)
    return FetchFailed(printable(f"{shown}: {reason}"), hint)


def _bad_certificate(shown: str, error: ssl.SSLCertVerificationError) -> FetchFailed:
    reason = error.verify_message
    message = f"{shown}: the server's certificate is not trusted: {reason}"
    hint = "is its authority among the system's certificates?"
    if "not yet valid" in reason or "expired" in reason:
        hint = "is this machine's clock right?"
    return FetchFailed(printable(message), hint, refused=True, again=False)


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
    (http.client.HTTPException, "what answered is not a web server", "is the port right?"),
)
