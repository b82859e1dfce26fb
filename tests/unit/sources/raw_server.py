"""A server that sends what a test wants, byte by byte, whatever HTTP says of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Talk = Callable[[Callable[[bytes], None]], None]

OK = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def raw_server(*talks: Talk) -> Iterator[str]:
    """Reads a request of each connection, then talks; the last talk serves all that follow."""
    left = list(talks)
    connections: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket, talk: Talk) -> None:
        with connection, suppress(OSError):
            connection.recv(1 << 16)
            talk(connection.sendall)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1 << 16):
                pass

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                connections.append(connection)
                talk = left.pop(0) if len(left) > 1 else left[0]
                threads.append(threading.Thread(target=serve, args=(connection, talk), daemon=True))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            for each in connections:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


def sends(*pieces: bytes) -> Talk:
    """Each piece at once."""

    def talk(send: Callable[[bytes], None]) -> None:
        for piece in pieces:
            send(piece)

    return talk


def goes_on(first: bytes, piece: bytes, wait: Callable[[], object] = lambda: None) -> Talk:
    """The first bytes, then the piece again and again, as long as anybody listens."""

    def talk(send: Callable[[bytes], None]) -> None:
        send(first)
        while True:
            send(piece)
            wait()

    return talk
