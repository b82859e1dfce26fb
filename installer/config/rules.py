"""What a schema cannot say: rules about several values at once, or about what a value means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from installer.config.addresses import address
from installer.config.boot_rules import boot_problems
from installer.config.disk_rules import match_problems
from installer.config.kickstart import usual_name
from installer.config.login_rules import login_problems
from installer.config.network_rules import network_problems
from installer.config.region_rules import region_problems
from installer.config.sound import Sound
from installer.config.storage_rules import storage_problems
from installer.config.units import unit_name
from installer.sizes import parse_duration
from ks_schema import Document, Problem
from ks_schema.syntax import child
from ks_schema.wording import did_you_mean, quoted

_UNIT_TYPES = frozenset(
    {"service", "socket", "timer", "path", "target", "mount", "automount", "swap", "slice"}
)
_DAY = 86400.0


def rule_problems(
    document: Document, findings: tuple[Problem, ...], now: datetime | None = None
) -> tuple[Problem, ...]:
    """Every rule that the document breaks, where the schema (``findings``) found no fault.

    ``now`` is the time (UTC) for which keys that expire are judged.
    """
    sound = Sound(document, findings)
    return (
        *_disk_problems(sound),
        *match_problems(sound),
        *_wipe_problems(sound),
        *_hostname_problems(sound),
        *storage_problems(sound),
        *boot_problems(sound),
        *region_problems(sound),
        *network_problems(sound),
        *login_problems(sound, now),
        *_service_problems(sound),
        *_script_problems(sound),
    )


def _disk_problems(sound: Sound) -> Iterator[Problem]:
    document = sound.document
    if "disks" not in document.data:
        yield document.problem(
            "/disks",
            "no disk is named",
            'write "disks": {"default": {"device": "/dev/..."}}, or boot with photon.disk=/dev/...',
        )
        return
    if sound.value("storage", "layout") == "custom":
        return  # its partitions name their disks
    disks, said = sound.value("disks"), sound.value("storage", "disk")
    name = said or "default"
    if disks is None or not sound.is_sound("/storage/disk") or name in disks:
        return
    if said:
        hint = f'{did_you_mean(name, disks)} "disks" has: {", ".join(disks)}'.strip()
        yield document.problem("/storage/disk", f"no disk is called {quoted(name)}", hint)
        return
    yield document.problem(
        "/disks",
        'no disk is called "default", and "storage" names no other',
        f'call it "default", or write "storage": {{"disk": "{next(iter(disks))}"}}',
    )


def _hostname_problems(sound: Sound) -> Iterator[Problem]:
    """An address has the form of a name, and programs would take the host for that address."""
    name = sound.value("hostname")
    if name is not None and address(name) is not None:
        message = f"{quoted(name)} is an address, not a name"
        yield sound.document.problem("/hostname", message, "like edge-01 or edge-01.example.net")


def _wipe_problems(sound: Sound) -> Iterator[Problem]:
    disks, target = sound.value("disks"), sound.value("storage", "disk") or "default"
    for pointer, _index, name in sound.items("storage", "wipe"):
        if name == target:
            message = f"{quoted(name)} is the disk to install onto"
            yield sound.document.problem(pointer, message, "it is erased anyway: remove it here")
        elif disks is not None and name not in disks:
            hint = f'{did_you_mean(name, disks)} "disks" has: {", ".join(disks)}'.strip()
            yield sound.document.problem(pointer, f"no disk is called {quoted(name)}", hint)


def _service_problems(sound: Sound) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for pointer, unit, _state in sound.items("services"):
        full = unit_name(unit)
        kind = full.rpartition(".")[2]
        if kind not in _UNIT_TYPES:
            hint = f"{did_you_mean(kind, _UNIT_TYPES)} for a service add .service".strip()
            message = f"systemd has no units of the type {quoted(kind)}"
            yield sound.document.problem(pointer, message, hint)
        if full in seen:
            message = f"{quoted(unit)} and {quoted(seen[full])} are the same unit"
            yield sound.document.problem(pointer, message, "take one away")
        seen[full] = unit


def _script_problems(sound: Sound) -> Iterator[Problem]:
    seen: set[str] = set()
    for pointer, index, script in sound.items("scripts", "post"):
        name = script.get("name", usual_name(int(index)))
        if name in seen:
            message = f"another script is called {quoted(name)} already"
            yield sound.document.problem(child(pointer, "name"), message, "give it another name")
        seen.add(name)
        yield from _script_text_problems(sound.document, pointer, script["run"][0])
        if not 0 < parse_duration(script.get("timeout", 1)) <= _DAY:
            yield sound.document.problem(
                child(pointer, "timeout"), "a script has between 0 and 24 hours", 'like "60 s"'
            )


def _script_text_problems(document: Document, pointer: str, first: str) -> Iterator[Problem]:
    place = f"{pointer}/run/0"
    if first != first.lstrip() and first.lstrip().startswith("#!"):
        yield document.problem(place, "spaces stand before #!", "nothing may stand before it")
    elif first.startswith("#!") and not first.removeprefix("#!").strip().startswith("/"):
        yield document.problem(
            place, "the interpreter after #! has no absolute path", "like #!/bin/sh"
        )
