"""Whatever a server sends, and however slowly: every try ends, and all of them together."""

from __future__ import annotations

import functools
import socket
import threading
import time
from collections.abc import Callable

import pytest

from installer.errors import Cancelled
from installer.events import Event
from installer.sources.fetch import FetchFailed, RetryPolicy, fetch
from tests.unit.sources.raw_server import OK, Talk, goes_on, raw_server, sends

LIMIT = 1 << 20
SLOWLY = functools.partial(time.sleep, 0.05)
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "status line": goes_on(b"HTTP/1.1 200 ", b"a", SLOWLY),
    "header": goes_on(OK + b"X: ", b"a", SLOWLY),
    "headers": goes_on(OK, b"X: a\r\n", SLOWLY),
    "continue": goes_on(b"", b"HTTP/1.1 100 Continue\r\n\r\n", SLOWLY),
    "body": goes_on(OK + b"Content-Length: 40000\r\n\r\n", b" ", SLOWLY),
    "body to the end of the connection": goes_on(OK + b"\r\n", b" ", SLOWLY),
    "size of a chunk": goes_on(CHUNKED, b"0", SLOWLY),
    "extension of a chunk": goes_on(CHUNKED + b"5;", b"x", SLOWLY),
    "chunks": goes_on(CHUNKED, b"1\r\n \r\n", SLOWLY),
    "trailer": goes_on(CHUNKED + b"0\r\n", b"X: a\r\n", SLOWLY),
    "redirection": goes_on(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", b" ", SLOWLY),
    "error": goes_on(b"HTTP/1.1 503 Sorry\r\nX: ", b" ", SLOWLY),
}
FLOODS = {
    "continue": goes_on(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "trailer": goes_on(CHUNKED + b"0\r\n", b"X: a\r\n" * 1000),
    "redirection": goes_on(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", b" " * 65536),
    "not HTTP": goes_on(b"", b"\0" * 65536),
}


def one_try(seconds: float) -> RetryPolicy:
    return RetryPolicy(waits=(), one_try=seconds)


@pytest.mark.parametrize("talk", ENDLESS.values(), ids=ENDLESS)
def test_a_slow_server_has_one_deadline(talk: Talk) -> None:
    begin = time.monotonic()
    with raw_server(talk) as url, pytest.raises(FetchFailed) as caught:
        fetch(url, b"".join, limit=LIMIT, policy=one_try(0.5))
    assert time.monotonic() - begin < 5
    assert "no whole answer in time" in caught.value.message or "leads nowhere" in str(caught.value)


@pytest.mark.parametrize("talk", FLOODS.values(), ids=FLOODS)
def test_a_flood_ends_and_nobody_goes_on_reading_it(talk: Talk) -> None:
    with raw_server(talk) as url:
        with pytest.raises(FetchFailed):
            fetch(url, b"".join, limit=LIMIT, policy=one_try(0.5))
        readers = [each for each in threading.enumerate() if each.name == "fetch"]
        for each in readers:
            each.join(10)
        assert not any(each.is_alive() for each in readers)


def test_a_large_file_may_take_longer_than_a_small_one() -> None:
    def steadily(send: Callable[[bytes], None]) -> None:
        send(OK + b"\r\n")
        for _ in range(8):
            send(b"x" * (64 << 10))
            time.sleep(0.2)

    with raw_server(steadily) as url:
        data = fetch(url, b"".join, limit=LIMIT, policy=one_try(0.5))
    assert len(data) == 8 * (64 << 10)


def test_all_tries_together_have_a_deadline() -> None:
    told: list[Event] = []
    policy = RetryPolicy(waits=(0.1,) * 100, one_try=0.4, all_tries=1.5)
    begin = time.monotonic()
    with raw_server(ENDLESS["header"]) as url, pytest.raises(FetchFailed, match="in time"):
        fetch(url, b"".join, limit=LIMIT, policy=policy, emit=told.append)
    assert 1.0 < time.monotonic() - begin < 6
    assert 1 <= len(told) <= 4


def test_a_name_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = threading.Event()

    def wait(*_: object, **__: object) -> None:
        answer.wait(60)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    begin = time.monotonic()
    with pytest.raises(FetchFailed, match="in time"):
        fetch("http://host.invalid/ks", b"".join, limit=LIMIT, policy=one_try(0.3))
    assert time.monotonic() - begin < 5
    answer.set()


def test_a_handshake_that_never_ends() -> None:
    # The head of a record of 16 KiB: a ServerHello that comes byte by byte.
    drip = goes_on(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03", b"\0", SLOWLY)
    with raw_server(drip) as url, pytest.raises(FetchFailed, match="in time"):
        fetch(url.replace("http", "https"), b"".join, limit=LIMIT, policy=one_try(0.5))


@pytest.mark.parametrize("talk", [ENDLESS["header"], sends(b"HTTP/1.1 503 Sorry\r\n\r\n")])
def test_a_cancellation_ends_every_wait(talk: Talk) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    begin = time.monotonic()
    policy = RetryPolicy(waits=(30.0,), cancelled=stop.is_set)
    with raw_server(talk) as url, pytest.raises(Cancelled):
        fetch(url, b"".join, limit=LIMIT, policy=policy)
    assert time.monotonic() - begin < 5


def test_no_more_than_the_limit_is_read() -> None:
    with raw_server(goes_on(OK + b"\r\n", b" " * 65536)) as url:
        assert len(fetch(url, b"".join, limit=LIMIT, policy=one_try(10))) == LIMIT
    with raw_server(goes_on(CHUNKED, b"10000\r\n" + b" " * 65536 + b"\r\n")) as url:
        assert len(fetch(url, b"".join, limit=LIMIT, policy=one_try(10))) == LIMIT
