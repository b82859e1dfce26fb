"""A web server that gets each event as the body of a POST."""

from __future__ import annotations

import errno
import http.client
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit

from installer.sources.address import Address, web_address
from installer.sources.failed import FetchFailed

_SECONDS = 10.0


@contextmanager
def webhook(url: str) -> Iterator[Callable[[str], None]]:
    """Posts a line to ``url``; the same connection serves all events, as far as it stays open.

    :raises ValueError: this is not the address of a web server.
    """
    try:
        address = web_address(url)
    except FetchFailed as failure:
        raise ValueError(failure.message) from None
    connection = _connection(address)
    try:
        yield partial(_post, connection, address)
    finally:
        connection.close()


def _connection(address: Address) -> http.client.HTTPConnection:
    parts = urlsplit(address.url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=_SECONDS, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=_SECONDS)


def _post(connection: http.client.HTTPConnection, address: Address, line: str) -> None:
    """A server may close a connection between two events: then the event is sent on a new one."""
    try:
        status = _answer(connection, address, line)
    except (http.client.HTTPException, ConnectionError):
        connection.close()
        try:
            status = _answer(connection, address, line)
        except http.client.HTTPException as error:
            raise OSError(errno.EPROTO, "the server does not answer in HTTP") from error
    if status >= 300:
        raise OSError(errno.EPROTO, f"the server answered {status}")


def _answer(connection: http.client.HTTPConnection, address: Address, line: str) -> int:
    parts = urlsplit(address.url)
    headers = {"Host": address.host, "Content-Type": "application/json"}
    if address.authorization:
        headers["Authorization"] = address.authorization
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    connection.request("POST", target, line.encode("utf-8", "backslashreplace"), headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status
