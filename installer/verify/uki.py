"""Unified kernel images and the systemd-boot that starts them: the firmware judges each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from installer.boot.esp import Esp
from installer.boot.places import Places
from installer.secureboot.pe import NotPeError, PeImage, parse_pe
from installer.verify.esp import Judge, verdict
from installer.verify.finding import Finding, bad, good, note, unseen
from installer.verify.menu import UUID_ARGUMENT

_REPAIR = "Run `photon-uki sync` in the host, or install again."
# Its name counts how often it may still be tried: https://systemd.io/AUTOMATIC_BOOT_ASSESSMENT/
_NO_TRIES = re.compile(r"\+0(-[0-9]+)?\.efi")
_PARTS = {".linux": "kernel", ".initrd": "initrd", ".cmdline": "command line"}


def check_images(esp: Esp, expert: Judge, places: Places) -> Iterator[Finding]:
    """The loader on both paths, and each image."""
    for path in (esp.layout.systemd_path, esp.layout.removable_path):
        what, data = f"{esp.name}, {path}", esp.read(path)
        if data is None:
            yield bad(what, "it is missing", _REPAIR)
        else:
            yield verdict(what, expert.by_firmware(data), data)
    directory = f"{esp.name}, {esp.layout.images}"
    images = [each for each in esp.images if each.endswith(".efi")]
    if not images:
        yield bad(directory, "no unified kernel image was found", _REPAIR)
    for each in images:
        yield from _image(esp, each, expert, places)
    if images and all(_NO_TRIES.search(each) for each in images):
        yield note(directory, "no image has a try left", _REPAIR)


def _image(esp: Esp, path: str, expert: Judge, places: Places) -> Iterator[Finding]:
    what = f"{esp.name}, {esp.layout.images}/{esp.files[path].name}"
    data = esp.read(path)
    if data is None:
        yield bad(what, "it cannot be read", _REPAIR)
        return
    yield verdict(what, expert.by_firmware(data), data)
    try:
        image = parse_pe(data)
    except NotPeError:
        return  # the verdict has said so
    yield from _contents(what, image, places)


def _contents(what: str, image: PeImage, places: Places) -> Iterator[Finding]:
    """What is in an image, and whether that what its command line names exists."""
    missing = [word for name, word in _PARTS.items() if not image.section(name).strip(b"\0")]
    if missing:
        yield bad(what, f"it has no {' and no '.join(missing)}", _REPAIR)
    line = image.section(".cmdline").split(b"\0", 1)[0].decode("utf-8", "replace")
    unknown = [
        word
        for word in line.split()
        if (match := UUID_ARGUMENT.match(word)) and places.volume(match.group(1)) is None
    ]
    for each in unknown:
        if places.hidden:
            yield unseen(what, f"{each} cannot be examined: {places.hidden}")
        else:
            yield bad(what, f"{each}, which does not exist", "Correct /etc/kernel/cmdline.")
    if not missing and not unknown:
        yield good(what, "kernel, initrd and command line are in it")
