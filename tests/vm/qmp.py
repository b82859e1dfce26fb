"""QEMU's machine protocol: JSON lines on a socket."""

from __future__ import annotations

import json
import socket
import time
from typing import Any


class Qmp:
    """The client's end. Not for several threads."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._pending = b""
        self._events: list[dict[str, Any]] = []

    def command(self, name: str, **arguments: Any) -> Any:
        """Say it and wait (at most 60 s) for the answer.

        :raises RuntimeError: QEMU refused, or is gone.
        """
        request: dict[str, Any] = {"execute": name}
        if arguments:
            request["arguments"] = {key.replace("_", "-"): arguments[key] for key in arguments}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for message in self._read(deadline - time.monotonic()):
                if "return" in message:
                    return message["return"]
                if "error" in message:
                    raise RuntimeError(f"QEMU refused {name}: {message['error']['desc']}")
        raise RuntimeError(f"QEMU did not answer {name}")

    def events(self) -> tuple[str, ...]:
        """The names of all events so far."""
        self._read(0)
        return tuple(event["event"] for event in self._events)

    def _read(self, timeout: float) -> list[dict[str, Any]]:
        """Whole messages that are there, or come within ``timeout`` seconds; events are kept."""
        self._socket.settimeout(max(timeout, 0.001))
        try:
            data = self._socket.recv(1 << 16)
        except (TimeoutError, BlockingIOError):
            return []
        except ConnectionError:
            data = b""
        if not data and timeout > 0:
            raise RuntimeError("QEMU closed the connection")
        *lines, self._pending = (self._pending + data).split(b"\n")
        messages = [json.loads(line) for line in lines if line.strip()]
        self._events += [message for message in messages if "event" in message]
        return [message for message in messages if "event" not in message]
