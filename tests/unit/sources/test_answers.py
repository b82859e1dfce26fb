"""What a server answers: redirections, refusals, encodings, and never its own words."""

from __future__ import annotations

import http
import os

import pytest

from installer.sources.fetch import Download, FetchFailed, RetryPolicy, fetch
from tests.unit.sources.raw_server import OK, Talk, raw_server, sends

QUICK = RetryPolicy(waits=(0.0,) * 5, sleep=lambda _: None)
GOOD = sends(OK + b"Content-Length: 4\r\n\r\nbody")
BUSY = sends(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
PAINTS = b"\x1b]0;owned\x07\x1b[2J\x1b[32mphoton-installer: done"


def redirects(target: str) -> Talk:
    return sends(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())


def get(url: str) -> bytes:
    return fetch(url, b"".join, limit=1000, policy=QUICK)


def failure(*talks: Talk, path: str = "/ks") -> FetchFailed:
    with raw_server(*talks) as url, pytest.raises(FetchFailed) as caught:
        get(url + path)
    assert caught.value.message.isprintable()
    return caught.value


def test_redirections_do_not_use_up_the_tries() -> None:
    there = redirects("/real")
    with raw_server(there, BUSY, there, BUSY, there, BUSY, there, BUSY, there, GOOD) as url:
        assert get(f"{url}/ks") == b"body"


def test_the_reason_after_a_redirection_is_that_of_its_target() -> None:
    found = failure(redirects("http://127.0.0.1:9/ks"))
    assert "the connection was refused" in found.message
    assert not found.refused


@pytest.mark.parametrize(
    "target",
    ["ftp://127.0.0.1/ks", "file:///etc/passwd", "data:,x", "gopher://127.0.0.1/", "ks://x/", "",
     "/ks", "http://[::1", "http://127.0.0.1:port/", "http:///", "//", "http://a b/",
     "http://user:CANARY@127.0.0.1:x/"],
)  # fmt: skip
def test_a_redirection_that_cannot_be_followed(target: str) -> None:
    found = failure(redirects(target))
    assert not found.again
    assert "CANARY" not in str(found)


def test_where_an_answer_comes_from() -> None:
    def take(download: Download) -> str:
        b"".join(download)
        return download.came_from

    with raw_server(GOOD) as there, raw_server(redirects(f"{there}/login?key=CANARY")) as url:
        assert fetch(f"{url}/ks", take, limit=1000, policy=QUICK) == f"{there}/login"
        assert fetch(f"{there}/ks?a=1", take, limit=1000, policy=QUICK) == f"{there}/ks?a=1"


@pytest.mark.parametrize("code", [302, 400, 404, 418, 499, 599, 999])
def test_the_words_of_a_server_are_left_out(code: int) -> None:
    found = failure(sends(f"HTTP/1.1 {code} ".encode() + PAINTS + b"\r\n\r\n"))
    assert f"the server answered {code} (" in found.message
    assert "installer: done" not in found.message


def test_the_standard_words_are_not() -> None:
    found = failure(sends(b"HTTP/1.1 404 \r\n\r\n"))
    assert found.message.endswith(f"404 ({http.HTTPStatus.NOT_FOUND.phrase})")


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, br", "\x1b[2J"])
def test_an_encoding_that_was_not_asked_for(encoding: str) -> None:
    found = failure(sends(OK + f"Content-Encoding: {encoding}\r\n\r\nx".encode()))
    assert "compressed, which was not asked for" in found.message


@pytest.mark.parametrize(
    "answer",
    [b"", b"\r\n", PAINTS, b"SSH-2.0-x\r\n", b"HTTP/1.1\r\n", b"HTTP/1.1 abc\r\n\r\n",
     OK + b"X: " + b"a" * 70000, OK + b"X: a\r\n" * 200, OK + b"Content-Length: 10\r\n\r\nshort",
     CHUNKED + b"xyz", CHUNKED + b"-5\r\n", CHUNKED + b"f" * 5000],
)  # fmt: skip
def test_what_is_not_a_whole_answer(answer: bytes) -> None:
    found = failure(sends(answer))
    assert found.again
    assert not found.refused


def test_strange_lengths_do_no_harm() -> None:
    for length in (b"-1", b"9" * 5000, b"x", b"4, 4"):
        with raw_server(sends(OK + b"Content-Length: " + length + b"\r\n\r\nbody")) as url:
            assert get(f"{url}/ks") == b"body"


def test_a_proxy_with_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    for proxy in ("http://user:CANARY/x@127.0.0.1:9", "http://user:CANARY@127.0.0.1:9", "x:CANARY"):
        monkeypatch.setitem(os.environ, "http_proxy", proxy)
        with pytest.raises(FetchFailed) as caught:
            get("http://192.0.2.1/ks")
        assert "CANARY" not in f"{caught.value.message} {caught.value.hint}"
