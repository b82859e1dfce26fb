"""The one door to other programs: argument lists, a clean environment, a log."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

from iso_hooks.errors import BuildFailed

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_KEPT = ("http_proxy", "https_proxy", "no_proxy", "TMPDIR")
_TAIL_LINES = 15


def clean_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What programs see: nothing of the caller's but proxies and the temporary folder."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {
        "PATH": _PATH,
        "HOME": "/root",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "DEBIAN_FRONTEND": "noninteractive",
        **kept,
        **(more or {}),
    }


def run(argv: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None) -> None:
    """Run a program to its end; what it prints goes to the log.

    :raises BuildFailed: it is not installed, or ended with an error.
    """
    with log.open("ab") as output:
        output.write(f"+ {' '.join(map(str, argv))}\n".encode())
        output.flush()
        code = _call(argv, stdout=output, stderr=output, env=env).returncode
    if code:
        raise BuildFailed(f"{argv[0]} ended with {code}", last_lines(log))


def output_of(
    argv: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None
) -> bytes:
    """What a program prints on standard output; its errors go to the log.

    :raises BuildFailed: it is not installed, or ended with an error.
    """
    with log.open("ab") as errors:
        errors.write(f"+ {' '.join(map(str, argv))}\n".encode())
        errors.flush()
        # A file, not a pipe: grub-mkimage wants to sync it.
        with tempfile.TemporaryFile() as printed:
            code = _call(argv, stdout=printed, stderr=errors, env=env).returncode
            printed.seek(0)
            content = printed.read()
    if code:
        raise BuildFailed(f"{argv[0]} ended with {code}", last_lines(log))
    return content


def last_lines(log: Path, count: int = _TAIL_LINES) -> str:
    """The end of a log, with its name, for a message."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join([f"The last lines of {log}:", *_indented(lines[-count:])])


def _indented(lines: Iterable[str]) -> Iterable[str]:
    return (f"    {line}" for line in lines)


def _call(
    argv: Sequence[str | Path],
    *,
    stdout: IO[bytes],
    stderr: IO[bytes],
    env: Mapping[str, str] | None,
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=clean_environment(env),
            umask=0o022,
            check=False,
        )
    except FileNotFoundError as error:
        raise BuildFailed(
            f"{argv[0]} is not installed",
            "See iso_hooks/build-packages.txt for what a build needs.",
        ) from error
