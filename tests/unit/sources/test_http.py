"""Kickstarts from real web servers on the loopback interface."""

from __future__ import annotations

import gzip
import http.server
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from installer.errors import ExitCode, KickstartRefused, KickstartUnparsable, KickstartUnreachable
from installer.sources.fetch import WAITS
from ks_schema.loader import MAX_BYTES
from tests.unit.sources.told import GOOD, Told

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


@contextmanager
def server(*answers: Answer, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """A web server that gives the answers one after another, the last one for ever."""
    left = list(answers)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = left.pop(0) if len(left) > 1 else left[0]
            answer(self)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    class Quiet(http.server.ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    with Quiet(("127.0.0.1", 0), Handler) as web:
        if context is not None:
            web.socket = context.wrap_socket(web.socket, server_side=True)
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"{'https' if context else 'http'}://127.0.0.1:{web.server_address[1]}"
        finally:
            web.shutdown()
            thread.join()


def gives(body: bytes = GOOD, *, length: int | None = None) -> Answer:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(body) if length is None else length))
        request.end_headers()
        request.wfile.write(body)

    return answer


def says(code: int, **headers: str) -> Answer:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def hangs_up(request: http.server.BaseHTTPRequestHandler) -> None:
    request.connection.shutdown(socket.SHUT_RDWR)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def test_a_web_server(told: Told) -> None:
    with server(gives()) as url:
        document = told.read(f"{url}/ks.json?mac=52:54")
    assert document.data["hostname"] == "from-here"
    assert document.name == f"{url}/ks.json?mac=52:54"
    assert told.events == []


def test_yaml_from_a_web_server(told: Told) -> None:
    with server(gives(b"version: 1\nhostname: a\n")) as url:
        assert told.read(f"{url}/ks").data == {"version": 1, "hostname": "a"}


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410])
def test_a_server_that_says_no_is_not_asked_again(code: int, told: Told) -> None:
    with server(says(code)) as url, pytest.raises(KickstartRefused) as caught:
        told.read(f"{url}/ks")
    assert f"{url}/ks: the server answered {code}" in caught.value.message
    assert caught.value.exit_code is ExitCode.REFUSED
    assert told.seconds == 0.0


def test_a_server_out_of_order_is_asked_again_with_shown_waits(told: Told) -> None:
    with server(says(503), says(429), gives()) as url:
        assert told.read(f"{url}/ks").data
    assert told.seconds == 3.0
    assert "the server answered 503" in told.text
    assert "trying again in 1 s (1 of 3 tries)" in told.text
    assert "trying again in 2 s (2 of 3 tries)" in told.text


def test_a_server_that_stays_out_of_order_has_refused(told: Told) -> None:
    with server(says(500)) as url, pytest.raises(KickstartRefused, match="500"):
        told.read(f"{url}/ks")
    assert told.seconds == 3.0


def test_a_refused_connection(told: Told) -> None:
    with pytest.raises(KickstartUnreachable, match="the connection was refused") as caught:
        told.read(f"http://127.0.0.1:{free_port()}/ks")
    assert caught.value.exit_code is ExitCode.UNREACHABLE
    assert told.seconds == 3.0


def test_a_host_that_is_not_known(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(KickstartUnreachable, match="no such host"):
        told.read("http://host.invalid/ks")
    assert told.seconds == 3.0


def test_a_server_that_hangs_up_and_then_answers(told: Told) -> None:
    with server(hangs_up, gives()) as url:
        assert told.read(f"{url}/ks").data
    assert told.seconds == 1.0
    assert "the connection was closed" in told.text


def test_an_answer_that_is_cut_off(told: Told) -> None:
    with (
        server(gives(length=1000)) as url,
        pytest.raises(KickstartUnreachable, match="the answer was cut off"),
    ):
        told.read(f"{url}/ks", waits=())


def test_a_server_that_is_silent(told: Told) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(KickstartUnreachable, match="no answer in time"):
            told.read(f"http://127.0.0.1:{port}/ks", waits=(), silence=0.1)


def test_what_is_no_web_server(told: Told) -> None:
    def talk(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"SSH-2.0-OpenSSH_10.0\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=talk, args=[listening])
        thread.start()
        with pytest.raises(KickstartUnreachable, match="what answered is not a web server"):
            told.read(f"http://127.0.0.1:{listening.getsockname()[1]}/ks", waits=())
        thread.join()


def test_an_answer_without_end_is_too_large(told: Told) -> None:
    with (
        server(gives(b" " * (MAX_BYTES + 10))) as url,
        pytest.raises(KickstartUnparsable, match="larger than 1 MiB"),
    ):
        told.read(f"{url}/ks")


def test_a_web_page_is_no_kickstart(told: Told) -> None:
    with (
        server(gives(b"<html>log in first</html>")) as url,
        pytest.raises(KickstartUnparsable, match="this is a web page"),
    ):
        told.read(f"{url}/ks")


def test_what_is_no_kickstart_names_where_it_came_from(told: Told) -> None:
    page = b"<html><head><style>body { color: red }</style>"
    with (
        server(gives(page)) as portal,
        server(says(302, Location=f"{portal}/login?for=me")) as url,
        pytest.raises(KickstartUnparsable) as caught,
    ):
        told.read(f"{url}/ks")
    assert caught.value.message == f"{url}/ks:1:1: this is a web page, not a kickstart"
    assert caught.value.hint == f"is its address right?; what was read came from {portal}/login"


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
def test_gzip_that_was_not_asked_for(headers: dict[str, str], told: Told) -> None:
    packed = gzip.compress(GOOD)

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(packed)

    with server(answer) as url:
        assert told.read(f"{url}/ks").data["hostname"] == "from-here"


def test_redirections_are_followed_but_not_for_ever(told: Told) -> None:
    with server(gives()) as there, server(says(302, Location=f"{there}/ks")) as url:
        assert told.read(f"{url}/ks").data
    with server(says(302, Location="/ks")) as url, pytest.raises(KickstartRefused, match="302"):
        told.read(f"{url}/ks")
    with server(says(302, Location="file:///etc/passwd")) as url, pytest.raises(KickstartRefused):
        told.read(f"{url}/ks")


def test_a_user_and_password_are_sent_and_never_shown(told: Told) -> None:
    sent: list[str | None] = []

    def keeps(answer: Answer) -> Answer:
        def keeping(request: http.server.BaseHTTPRequestHandler) -> None:
            sent.append(request.headers["Authorization"])
            answer(request)

        return keeping

    with (
        server(keeps(gives())) as there,
        server(keeps(says(503)), keeps(says(302, Location=f"{there}/ks"))) as url,
    ):
        with_user = url.replace("//", "//ops:hunter%402@")
        document = told.read(f"{with_user}/ks")
    assert sent == ["Basic b3BzOmh1bnRlckAy", "Basic b3BzOmh1bnRlckAy", None]
    assert document.name == f"{url}/ks"
    assert "hunter" not in told.text
    with server(says(401)) as url, pytest.raises(KickstartRefused) as caught:
        told.read(f"{url.replace('//', '//ops:hunter2@')}/ks")
    assert "hunter2" not in str(caught.value)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 with its key in one file, signed by itself."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", "key.pem", "-out", "certificate.pem", "-days", "2", "-subj", "/CN=here",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    both = folder / "both.pem"
    both.write_bytes((folder / "key.pem").read_bytes() + (folder / "certificate.pem").read_bytes())
    return both


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_an_untrusted_certificate_is_a_refusal(told: Told, certificate: Path) -> None:
    with (
        server(gives(), context=tls(certificate)) as url,
        pytest.raises(KickstartRefused, match="certificate is not trusted"),
    ):
        told.read(f"{url}/ks")
    assert told.seconds == 0.0


def test_a_trusted_certificate(
    told: Told, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with server(gives(), context=tls(certificate)) as url:
        assert told.read(f"{url}/ks").data


def test_no_way_leads_from_https_to_http(
    told: Told, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with (
        server(gives()) as there,
        server(says(302, Location=f"{there}/ks"), context=tls(certificate)) as url,
        pytest.raises(KickstartRefused, match="not encrypted"),
    ):
        told.read(f"{url}/ks")


def test_a_port_that_does_not_speak_tls(told: Told) -> None:
    with (
        server(gives()) as url,
        pytest.raises(KickstartRefused, match="no encrypted connection"),
    ):
        told.read(f"{url.replace('http', 'https')}/ks")


def test_the_waits_are_bounded() -> None:
    assert sum(WAITS) <= 60
    assert list(WAITS) == sorted(WAITS)
