"""Addresses: what is taken, how the server is called, and what is shown of them."""

from __future__ import annotations

import base64
import socket
import threading

import pytest

from installer.sources.fetch import (
    FetchFailed,
    RetryPolicy,
    fetch,
    web_address,
    without_credentials,
)
from tests.unit.sources.raw_server import OK

NOT_UNDERSTOOD = [
    "http://user:CANARY/x@127.0.0.1/ks",
    "http://user:CANARY?x@127.0.0.1/ks",
    "http://user:CANARY#x@127.0.0.1/ks",
    "http://user:CANARY\u2100x@127.0.0.1/ks",
    "http:/user:CANARY@127.0.0.1/ks",
    "HTTPS:user:CANARY@127.0.0.1/ks",
    "http://user:CANARY@127.0.0.1:port/ks",
    "http://user:CANARY@[::1/ks",
    "http://user:CANARY@/ks",
    "http://user:CANARY@ho st/ks",
    "http://user:CANARY%40127.0.0.1/ks",
    "http://user:CANARY\uff20127.0.0.1/ks",
    "http://user:CANARY",
]


@pytest.mark.parametrize("text", NOT_UNDERSTOOD)
def test_an_address_that_is_not_understood_is_not_repeated(text: str) -> None:
    with pytest.raises(FetchFailed) as caught:
        web_address(text)
    assert "CANARY" not in f"{caught.value.message} {caught.value.hint}"
    assert "user" not in caught.value.message
    assert not caught.value.again


def test_the_hint_names_the_escapes() -> None:
    with pytest.raises(FetchFailed) as caught:
        web_address(NOT_UNDERSTOOD[0])
    assert '"/" as %2F' in caught.value.hint
    assert caught.value.message == "http://127.0.0.1/ks: this is not a valid address"


@pytest.mark.parametrize(
    ("text", "url", "host"),
    [
        ("http://host/ks", "http://host/ks", "host"),
        ("HTTP://Host:8080", "http://host:8080/", "host:8080"),
        ("https://u:p@host/a b?c=d e#f", "https://host/a%20b?c=d%20e", "host"),
        ("http://host/%41?a=b@c", "http://host/%41?a=b@c", "host"),
        ("http://b\u00fccher.example/\u00e9", "http://xn--bcher-kva.example/%C3%A9",
         "xn--bcher-kva.example"),
        ("http://[2001:db8::1]:80/ks", "http://[2001:db8::1]:80/ks", "[2001:db8::1]:80"),
        ("http://[fe80::1%25eth0]/ks", "http://[fe80::1%25eth0]/ks", "[fe80::1]"),
        ("http://[fe80::1%eth0]:81/ks", "http://[fe80::1%25eth0]:81/ks", "[fe80::1]:81"),
    ],
)  # fmt: skip
def test_what_is_asked_for(text: str, url: str, host: str) -> None:
    address = web_address(text)
    assert (address.url, address.host) == (url, host)
    assert address.shown == without_credentials(text)


def test_user_and_password() -> None:
    token = base64.b64encode("ops:p@ß:".encode()).decode()
    assert web_address("http://ops:p%40%C3%9F%3A@h/x").authorization == f"Basic {token}"
    assert web_address("http://h/x").authorization == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://host:80/a?b#c", "http://host:80/a?b#c"),
        ("HTTPS://ops:secret@host/ks", "https://host/ks"),
        ("http://ops:a@b/c@host/ks", "http://host/ks"),
        ("http://ops:80/secret@host/ks", "http://host/ks"),
        ("http://host/mail?to=a@b", "http://b"),
        ("http://host/\x1b[2J", r"http://host/\u001b[2J"),
        ("ops:secret@host", "host"),
        ("secret://x@host", "host"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


def test_a_link_local_address_reaches_the_resolver_with_its_zone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, int]] = []

    def look_up(host: str, port: int, *_: object) -> None:
        asked.append((host, port))
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    for zone in ("%25eth0", "%eth0"):
        url = f"http://[fe80::1{zone}]:8080/ks"
        with pytest.raises(FetchFailed):
            fetch(url, b"".join, limit=10, policy=RetryPolicy(waits=()))
    assert asked == [("fe80::1%eth0", 8080)] * 2


def test_the_zone_is_not_in_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        received.append(connection.recv(1 << 16))
        connection.sendall(OK + b"Content-Length: 0\r\n\r\n")
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        here = listening.getsockname()
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", here)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
        thread = threading.Thread(target=lambda: talk(listening.accept()[0]))
        thread.start()
        fetch("http://[fe80::1%25eth0]:81/ks", b"".join, limit=10, policy=RetryPolicy(waits=()))
        thread.join()
    assert b"\r\nHost: [fe80::1]:81\r\n" in received[0]
