"""Addresses of web servers: understood, and shown without the password in them."""

from __future__ import annotations

import base64
import re
import string
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit

from installer.sources.failed import FetchFailed
from ks_schema.wording import printable

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_ZONE = re.compile(r"%[^\]]*")
_FORM = "an address is like http://host/path or https://host:8443/path"
_ESCAPES = 'in a user name or password, write "/" as %2F, "?" as %3F, "#" as %23, "@" as %40'


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An http or https address: what is asked for, and how.

    ``url`` has neither user nor password; ``host`` is what the request calls the server, and
    ``authorization`` proves the user, if there is one.
    """

    url: str
    host: str
    shown: str
    authorization: str = ""


def is_web_address(text: str) -> bool:
    """Whether this names a file of a web server, rather than one of this machine."""
    return text[:6].lower().startswith(("http:", "https:"))


def without_credentials(text: str) -> str:
    """The address as it may be shown: no part of it up to its last ``@``.

    A password with a character that should have been percent-encoded ends where nobody can tell;
    so the path is left out with it when it has an ``@``.
    """
    _hidden, at, rest = text.rpartition("@")
    scheme = _SCHEME.match(text) if at else None
    return printable((scheme[0].lower() if scheme else "") + rest)


def web_address(text: str) -> Address:
    """The address in ``text``.

    :raises FetchFailed: it is none; the message has nothing of it that may be a password.
    """
    try:
        return _address(text, urlsplit(text))
    except ValueError:
        hint = f"{_FORM}; {_ESCAPES}" if ":" in text.partition(":")[2] else _FORM
        raise FetchFailed(_misunderstood(text), hint, again=False) from None


def _misunderstood(text: str) -> str:
    # Without an @ nothing says where a password would end, and what stands there may be one.
    shown = without_credentials(text) if "@" in text else ""
    return f"{shown}: this is not a valid address" if shown else "the address is not valid"


def _address(text: str, parts: SplitResult) -> Address:
    host, port = _host(parts.hostname or ""), parts.port
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise ValueError("no web server")
    suffix = "" if port is None else f":{port}"
    path = quote(parts.path, safe=string.punctuation) or "/"
    query = f"?{quote(parts.query, safe=string.punctuation)}" if parts.query else ""
    return Address(
        url=f"{parts.scheme}://{host}{suffix}{path}{query}",
        host=_ZONE.sub("", host) + suffix,
        shown=without_credentials(text),
        authorization=_authorization(parts),
    )


def _host(name: str) -> str:
    """The host as a request has it; a zone (RFC 6874) is written with or without its ``%25``."""
    if ":" in name:
        address, percent, zone = name.partition("%")
        return f"[{address}{percent and '%25'}{zone.removeprefix('25')}]"
    host = name.encode("idna").decode("ascii")
    if not re.fullmatch(r"[A-Za-z0-9._~!$&'()*+,;=-]+", host):
        raise ValueError("no host")
    return host


def _authorization(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    plain = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return "Basic " + base64.b64encode(plain.encode()).decode("ascii")
