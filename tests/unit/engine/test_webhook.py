"""Events that are posted to a web server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from installer.engine.sinks.compose import event_sinks
from installer.engine.sinks.places import events_listener
from installer.errors import CommandFailed
from installer.events import LOG_NAME, Finished, Message


class Server(ThreadingHTTPServer):
    """Keeps what it got, and answers with ``status``."""

    status = 204
    got: list[tuple[str, str, str]]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.got.append((self.path, self.headers.get("Authorization", ""), body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as made:
        made.got = []
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def emitted(tmp_path: Path, url: str) -> str:
    with event_sinks(tmp_path, listeners=[events_listener(url)]) as emit:
        for number in range(20):
            emit(Message(level="info", text=str(number)))
        emit(Finished(seconds={}, next="reboot"))
    return (tmp_path / LOG_NAME).read_text("utf-8")


def test_each_event_is_posted(server: Server, tmp_path: Path) -> None:
    log = emitted(tmp_path, f"http://ops:pw@{server.address}/hook?host=a")
    assert "drop" not in log
    events = [json.loads(body) for _, _, body in server.got]
    assert [each["event"] for each in events] == ["message"] * 20 + ["finished"]
    assert [each["text"] for each in events[:-1]] == [str(number) for number in range(20)]
    assert {(path, auth) for path, auth, _ in server.got} == {("/hook?host=a", "Basic b3BzOnB3")}


def test_a_server_that_refuses(server: Server, tmp_path: Path) -> None:
    server.status = 404
    log = emitted(tmp_path, f"http://ops:pw@{server.address}/")
    assert "the server answered 404" in log
    assert "pw" not in log


def test_a_server_that_is_not_there(server: Server, tmp_path: Path) -> None:
    url = f"http://{server.address}/"
    server.shutdown()
    server.server_close()
    assert f"{url} dropped 2" in emitted(tmp_path, url)


def test_what_is_not_an_address(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="not valid"):
        emitted(tmp_path, "http://[::1/")
