"""The live system's boot script, as far as it runs without a machine."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SCRIPT = Path("iso_hooks/live/initramfs/photon").resolve()
# What of a machine the script uses: what it says goes to a file, and it cannot halt this one.
STUBS = """
say() { echo "$*" >>"$SAID"; }
sleep() { :; }
halt() { exit 7; }
sed() { echo "$MEMORY"; }
"""


def enough_memory(tmp_path: Path, *, memory: int, needed: int) -> tuple[int, str]:
    said = tmp_path / "said"
    said.touch()
    text = f". {SCRIPT}\n{STUBS}\nenough_memory {needed} 256"
    done = subprocess.run(
        ["sh", "-eu", "-c", text],
        env={"SAID": str(said), "MEMORY": str(memory * 1024 + 1), "PATH": "/usr/bin:/bin"},
        check=False,
    )
    return done.returncode, said.read_text("utf-8")


@pytest.mark.parametrize("memory", [200, 4096])
def test_enough_memory_is_not_worth_a_word(tmp_path: Path, memory: int) -> None:
    assert enough_memory(tmp_path, memory=memory, needed=200) == (0, "")


def test_too_little_memory_ends_with_the_last_line(tmp_path: Path) -> None:
    code, said = enough_memory(tmp_path, memory=140, needed=200)
    assert code == 7
    assert "140 MiB of memory" in said
    assert "Give it 256 MiB in all." in said
    assert said.endswith("photon-installer: failed: exit 3\n")


class _Server(ThreadingHTTPServer):
    """Sends a file of 100,000 bytes; ``/slow`` a byte at a time, until the client leaves."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.closing = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        if self.path != "/slow":
            self.wfile.write(bytes(100_000))
            return
        while not self.server.closing.wait(0.01):
            try:
                self.wfile.write(b"x")
            except OSError:
                return

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@contextmanager
def serving() -> Iterator[str]:
    with _Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.closing.set()
            server.shutdown()


def received(tmp_path: Path, url: str) -> tuple[int, str, int]:
    """Exit code, what it said, and the size of the file."""
    said, file = tmp_path / "said", tmp_path / "file"
    said.touch()
    stub = 'say() { echo "$*" >>"$SAID"; }; PACE_SECONDS=1; PACE_BYTES=10000'
    done = subprocess.run(
        ["sh", "-u", "-c", f". {SCRIPT}\n{stub}\nreceived {url} {file}"],
        env={"SAID": str(said), "PATH": "/usr/bin:/bin"},
        check=False,
        timeout=60,
    )
    return done.returncode, said.read_text("utf-8"), file.stat().st_size


def test_a_file_is_fetched_without_a_word(tmp_path: Path) -> None:
    with serving() as url:
        assert received(tmp_path, f"{url}/file") == (0, "", 100_000)


def test_a_server_that_sends_next_to_nothing_is_given_up(tmp_path: Path) -> None:
    with serving() as url:
        code, said, size = received(tmp_path, f"{url}/slow")
    assert code != 0
    assert size < 10_000
    assert said.endswith("bytes in 1 s are too few\n")
