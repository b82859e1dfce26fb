"""What tests of signatures share: a small EFI program, keys, and a runner with an environment."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from installer.system.run import ProcessRunner
from installer.system.runner import Input

_ALIGNMENT = 512


def efi_program(code: bytes = b"\xc3") -> bytes:
    """The smallest EFI program (PE32+) that can be signed: one section, which returns."""
    stub = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64)
    header = b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 240, 0x22E)
    size = -(-len(code) // _ALIGNMENT) * _ALIGNMENT
    optional = struct.pack("<HBBIIIII", 0x20B, 0, 0, size, 0, 0, 0x1000, 0x1000)
    optional += struct.pack("<QII", 0x100000, 0x1000, _ALIGNMENT)
    optional += struct.pack("<HHHHHHI", 0, 0, 0, 0, 0, 0, 0)
    optional += struct.pack("<IIIHH", 0x2000, _ALIGNMENT, 0, 10, 0)
    optional += struct.pack("<QQQQII", 0, 0, 0, 0, 0, 16) + bytes(16 * 8)
    section = b".text".ljust(8, b"\0")
    section += struct.pack(
        "<IIIIIIHHI", len(code), 0x1000, size, _ALIGNMENT, 0, 0, 0, 0, 0x60000020
    )
    return (stub + header + optional + section).ljust(_ALIGNMENT, b"\0") + code.ljust(size, b"\0")


def make_key(folder: Path, name: str, *more: str) -> tuple[Path, Path]:
    """A throw-away certificate and its key: RSA of 2048 bits unless ``more`` says else."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    kind = more or ("-newkey", "rsa:2048", "-days", "10")
    command = ["openssl", "req", "-x509", "-nodes", "-subj", f"/CN=test {name}", *kind]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def holds(certificate: Path, program: Path) -> bool:
    """Whether one of the program's signatures is by the certificate."""
    command = ["sbverify", "--cert", str(certificate), str(program)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@dataclass(slots=True)
class RunnerWith:
    """The real runner, with a few variables more in the programs' environment.

    ``instead`` are functions in place of programs, by their names: they get the arguments.
    """

    environment: dict[str, str] = field(default_factory=dict)
    instead: Mapping[str, Callable[[Sequence[str]], str]] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: Input = None,
        timeout: float | None = None,
        watch: Callable[[int], None] | None = None,
    ) -> str:
        self.commands.append(" ".join(argv))
        if argv[0] in self.instead:
            return self.instead[argv[0]](argv)
        more = [f"{name}={value}" for name, value in self.environment.items()]
        command = ["env", *more, *argv] if more else list(argv)
        return ProcessRunner(lambda _: None).run(command, stdin=stdin, timeout=timeout, watch=watch)
