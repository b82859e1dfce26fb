"""The check of a whole host: the chain of loaders, the menus, and what they need to be there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from installer.boot.esp import Esp, read_program
from installer.boot.layout import DEBIAN
from installer.boot.places import Places, text_inside
from installer.verify.bios import check_bios
from installer.verify.esp import Judge, check_esp, verdict
from installer.verify.finding import Finding, bad, good, note, unseen
from installer.verify.menu import Menu, read_bios_menu, read_menu
from installer.verify.nvram import Nvram, check_entry
from installer.verify.uki import check_images

_FSTAB = "/etc/fstab"
_REWRITE = "Run `photon-boot sync` in the host, or install again."
_SOURCE = re.compile(r"(UUID|PARTUUID)=\"?([^\"]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is checked: ``root`` is None when the host's root cannot be looked into.

    ``judge`` is None where EFI does not start the host; ``bios`` are the disks (device nodes or
    images) that a BIOS should start it from, ``bios_grub`` the directory of GRUB's files for that;
    ``nvram`` is None when it is another machine's.
    """

    places: Places
    root: Path | None
    esps: tuple[Esp, ...] = ()
    judge: Judge | None = None
    bios: tuple[str, ...] = ()
    bios_grub: Path | None = None
    nvram: Nvram | None = None


def findings_of(subject: Subject) -> tuple[Finding, ...]:
    """Everything that there is to find; nothing is changed."""
    return tuple(dict.fromkeys([*_efi(subject), *_bios(subject), *_fstab(subject)]))


def _efi(subject: Subject) -> Iterator[Finding]:
    if subject.judge is None:
        return
    if not any(each.present for each in subject.esps):
        yield bad("the ESP", "there is none", "Install again, with boot.mode efi or dual.")
    for esp in subject.esps:
        if not esp.present:  # one of several: the host starts from another
            yield note(esp.name, "its partition is not there", "Replace the missing disk.")
            continue
        if esp.starts_images:
            yield from check_images(esp, subject.judge, subject.places)
        else:
            yield from _chain(subject, esp, subject.judge)
        if subject.nvram is not None:
            yield check_entry(esp, subject.nvram)


def _chain(subject: Subject, esp: Esp, expert: Judge) -> Iterator[Finding]:
    """shim, GRUB, and everything that its menus start."""
    yield from check_esp(esp, expert)
    path = esp.layout.esp_menu
    text = esp.text(path)
    if text is not None:
        menu = read_menu(text, path, subject.places, esp.layout)
        yield from menu.findings
        yield from _kernels(menu, esp, expert)
    elif esp.files:
        yield bad(f"{esp.name}, {path}", "it is missing", _REWRITE)


def _kernels(menu: Menu, esp: Esp, expert: Judge) -> Iterator[Finding]:
    """Each kernel is judged by the shim that starts first."""
    shim = esp.read(esp.layout.shim_path)
    for kernel in menu.kernels:
        data = read_program(kernel.place)
        if data is None:
            yield bad(kernel.path, "it cannot be read", "The disk is faulty: replace it.")
        elif shim is not None:
            yield verdict(kernel.path, expert.by_shim(shim, data, kernel=True), data)


def _bios(subject: Subject) -> Iterator[Finding]:
    if not subject.bios or subject.bios_grub is None:
        return
    for disk in subject.bios:
        yield check_bios(disk, subject.bios_grub)
    if subject.judge is None:
        try:
            start = text_inside(subject.bios_grub, DEBIAN.bios_start) or ""
        except OSError:
            start = ""
        yield from read_bios_menu(start, subject.places).findings


def _fstab(subject: Subject) -> Iterator[Finding]:
    """The filesystems that the host waits for when it starts."""
    if subject.root is None:
        yield unseen("the root", subject.places.hidden or "no filesystem with a host was found")
        return
    try:
        text = text_inside(subject.root, _FSTAB)
    except OSError as error:
        yield bad(_FSTAB, f"it cannot be read: {error.strerror}", "Repair the filesystem (fsck).")
        return
    if text is None:
        yield note(_FSTAB, "there is none")
        return
    missing = [each for each in _sources(text) if not _exists(each, subject.places)]
    for each in missing:
        hint = f"Correct {_FSTAB} in the host, or give the option nofail."
        if subject.places.hidden:
            yield unseen(_FSTAB, f"{each} cannot be examined: {subject.places.hidden}")
        else:
            yield bad(_FSTAB, f"{each} does not exist", hint)
    if not missing:
        yield good(_FSTAB, "every filesystem that it names is there")


def _sources(fstab: str) -> Iterator[str]:
    for line in fstab.split("\n"):
        fields = line.split("#", 1)[0].split()
        if len(fields) < 4 or {"nofail", "noauto"} & set(fields[3].split(",")):
            continue
        if _SOURCE.match(fields[0]):
            yield fields[0]


def _exists(source: str, places: Places) -> bool:
    match = _SOURCE.match(source)
    if match is None:
        return True
    kind, value = match.groups()
    return (places.volume(value) if kind == "UUID" else places.partition(value)) is not None
