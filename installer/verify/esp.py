"""What is on an ESP, and whether the chain of loaders there would start."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from installer.boot.esp import Esp
from installer.boot.layout import HostLayout
from installer.secureboot.chain import (
    Judgement,
    Policy,
    firmware_policy,
    first_policy,
    judge,
    shim_policy,
)
from installer.secureboot.signature import SignatureVerifier
from installer.secureboot.trust import Trust
from installer.verify.finding import Finding, bad, good, note

_REPAIR = "Run `photon-boot sync` in the host, or install again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Judges files by a firmware's trust; the same file under the same policy is judged once."""

    verifier: SignatureVerifier
    trust: Trust
    known: dict[tuple[str, ...], Judgement] = field(default_factory=dict)

    def by_firmware(self, data: bytes) -> Judgement:
        """Whether the firmware starts a program that is not a shim."""
        return self._judge((_digest(data), "firmware"), firmware_policy(self.trust), data)

    def shim(self, shim: bytes) -> Judgement:
        """Whether the firmware starts this shim, and it itself goes on."""
        return self._judge((_digest(shim), "shim"), first_policy(self.trust, shim), shim)

    def by_shim(self, shim: bytes, data: bytes, *, kernel: bool = False) -> Judgement:
        """Whether this shim lets another program start."""
        key = (_digest(shim), _digest(data), str(kernel))
        if key in self.known:
            return self.known[key]
        policy = shim_policy(self.trust, shim, sbat=not kernel)
        if policy is None:
            return Judgement(good=False, text="shim is damaged, and starts nothing", hint=_REPAIR)
        return self._judge(key, policy, data)

    def _judge(self, key: tuple[str, ...], policy: Policy, data: bytes) -> Judgement:
        if key not in self.known:
            self.known[key] = judge(self.verifier, policy, data)
        return self.known[key]


def check_esp(esp: Esp, expert: Judge) -> Iterator[Finding]:
    """The chain of loaders on both paths, and the list for the fallback loader."""
    if not esp.files:
        yield bad(esp.name, "it has no boot loader", _REPAIR)
        return
    layout = esp.layout
    for shim_path in (layout.shim_path, layout.removable_path):
        directory, _, _ = shim_path.rpartition("/")
        shim = esp.read(shim_path)
        if shim is None:
            yield bad(f"{esp.name}, {shim_path}", "it is missing", _REPAIR)
            continue
        yield verdict(f"{esp.name}, {shim_path}", expert.shim(shim), shim)
        for name in _started_by_shim(layout):
            needed = name == layout.grub.name
            yield _second(esp, f"{directory}/{name}", shim, expert, needed=needed)
    yield from _differences(esp)
    yield _fallback_list(esp)


def _started_by_shim(layout: HostLayout) -> tuple[str, ...]:
    return (layout.grub.name, layout.mok_manager.name, layout.fallback.name)


def verdict(what: str, judgement: Judgement, data: bytes) -> Finding:
    """A judgement as a finding; what no firmware can start matters without Secure Boot as well."""
    if judgement.good:
        return good(what, judgement.text, secure_boot=True)
    starts_anyway = data[:2] == b"MZ"
    return bad(what, judgement.text, judgement.hint, secure_boot=starts_anyway)


def _second(esp: Esp, path: str, shim: bytes, expert: Judge, *, needed: bool) -> Finding:
    what = f"{esp.name}, {path}"
    data = esp.read(path)
    if data is not None:
        return verdict(what, expert.by_shim(shim, data), data)
    if needed:
        return bad(what, "it is missing", _REPAIR)
    return note(what, "it is missing; the host starts without it", _REPAIR)


def _differences(esp: Esp) -> Iterator[Finding]:
    """The two paths have the same files, unless an upgrade reached one of them alone."""
    layout = esp.layout
    pairs = [(layout.shim_path, layout.removable_path)]
    pairs += [
        (f"{layout.vendor}/{name}", f"{layout.removable}/{name}")
        for name in _started_by_shim(layout)
    ]
    for vendor, removable in pairs:
        one, other = esp.read(vendor), esp.read(removable)
        if one is not None and other is not None and one != other:
            yield note(f"{esp.name}, {removable}", f"it differs from {vendor}", _REPAIR)


def _fallback_list(esp: Esp) -> Finding:
    """The list from which the fallback loader restores a lost boot entry."""
    layout = esp.layout
    path = f"{layout.vendor}/{layout.fallback_list}"
    what, data = f"{esp.name}, {path}", esp.read(path)
    in_use = esp.read(f"{layout.removable}/{layout.fallback.name}") is not None
    loaders = _loaders(data or b"")
    if any(esp.read(f"{layout.vendor}/{each}") is not None for each in loaders):
        return good(what, f"it names {loaders[0]}")
    text = "it is missing" if data is None else "it names no loader that is there"
    if in_use:  # then it is what the removable path goes by
        return bad(what, f"{text}, so the removable path leads nowhere", _REPAIR)
    return note(what, text, _REPAIR)


def _loaders(data: bytes) -> list[str]:
    """The files that a list names, one a line: ``shimx64.efi,Debian,,This is ...`` in UTF-16."""
    text = data[: len(data) & ~1].decode("utf-16-le", "replace").lstrip("\ufeff")
    lines = [line.split(",") for line in text.splitlines()]
    return [line[0].strip() for line in lines if len(line) > 1 and line[0].strip()]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
