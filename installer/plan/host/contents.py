"""What is asked of the host's files, compared with those that the payload has."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import PurePosixPath

from installer.config.host_names import locale_source, needs_generating
from installer.config.kickstart import InstallConfig, Script, ServiceState
from installer.config.units import TIMESYNCD, unit_name
from installer.payload.index import PayloadIndex, PayloadTree
from installer.plan.host.keyboard import KERNEL_KEYBOARD
from installer.plan.storage.model import StoragePlan
from ks_schema.problem import Problem
from ks_schema.syntax import child
from ks_schema.wording import did_you_mean

_PATH = ("/usr/sbin", "/usr/bin")
_DEFAULT_ZONE = "UTC"
_LATER = {
    ServiceState.DISABLED: "there is nothing to disable",
    ServiceState.MASKED: "one that is installed later stays off",
}


def contents_problems(
    config: InstallConfig, tree: PayloadTree, payload: PayloadIndex
) -> tuple[Problem, ...]:
    """What the payload cannot give; it would be found out when the disk is already erased."""
    return (
        *_region_problems(config, tree, payload),
        *_interpreter_problems(config, tree),
        *_unit_problems(config, tree),
        *_ntp_problems(config, tree),
    )


def contents_notes(config: InstallConfig, tree: PayloadTree) -> tuple[str, ...]:
    """What the payload lacks and need not have."""
    units = [
        f"{tree.name} has no unit {unit_name(name)}: {_LATER[state]}"
        for name, state in config.services
        if state in _LATER and _lacks_unit(tree, unit_name(name))
    ]
    shells = [
        f"{tree.name} has no {user.shell}: {user.name} cannot log in until a script installs it"
        for user in config.users
        if config.scripts.post and tree.contents.lacks_program(user.shell)
    ]
    return (*units, *shells)


def link_problems(storage: StoragePlan, tree: PayloadTree) -> tuple[Problem, ...]:
    """Places to mount at that are links in the tree: extracting it would meet a directory there."""
    return tuple(
        Problem(
            pointer=child("/storage/filesystems", filesystem.volume.partition("/")[2]),
            message=f"in {tree.name} {place} is a link to {real}",
            hint=f"mount it at {real}",
        )
        for filesystem in storage.filesystems
        for place in filesystem.mount_points
        if (real := tree.contents.real_path(place)) != place
    )


def has_unit(tree: PayloadTree, unit: str) -> bool:
    """Whether the unit can be enabled there; an index that names no units is believed."""
    return not tree.units or not _lacks_unit(tree, unit)


def _region_problems(
    config: InstallConfig, tree: PayloadTree, payload: PayloadIndex
) -> Iterator[Problem]:
    keyboard, keyboards = str(config.keyboard), tree.contents.keyboards
    if config.keyboard != KERNEL_KEYBOARD and keyboards is not None and keyboard not in keyboards:
        hint = did_you_mean(keyboard, keyboards) or "leave it out, or install xkb-data in that set"
        message = f"{tree.name} has no keyboard layout {keyboard}"
        yield Problem(pointer="/keyboard", message=message, hint=hint)
    zone, zones = config.timezone, tree.contents.zones
    if zone != _DEFAULT_ZONE and zones is not None and zone not in zones:
        hint = did_you_mean(zone, zones) or "leave it out, or install tzdata in that set"
        message = f"{tree.name} has no time zone {zone}"
        yield Problem(pointer="/timezone", message=message, hint=hint)
    locale, locales = locale_source(config.locale), payload.locales
    if needs_generating(config.locale) and locales is not None and locale not in locales:
        message = f"the installer has no source of the locale {config.locale}"
        yield Problem(pointer="/locale", message=message, hint="use C.UTF-8")


def _interpreter_problems(config: InstallConfig, tree: PayloadTree) -> Iterator[Problem]:
    # What later scripts need, the first one may install.
    for script in config.scripts.post[:1]:
        interpreter = _interpreter(script)
        places = [interpreter]
        if "/" not in interpreter:
            places = [f"{folder}/{interpreter}" for folder in _PATH]
        if all(tree.contents.lacks_program(place) for place in places):
            yield Problem(
                pointer="/scripts/post/0/run/0",
                message=f"{tree.name} has no {interpreter} to run this script",
                hint=nearest_program(interpreter, tree) or "use /bin/sh, or the full set",
            )


def _interpreter(script: Script) -> str:
    """The program of the ``#!`` line, behind ``env`` its argument."""
    first = script.run[0] if script.run else ""
    words = first.removeprefix("#!").split() if first.startswith("#!") else []
    if not words:
        return "/bin/sh"
    if PurePosixPath(words[0]).name == "env":
        named = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        return named[0] if named else words[0]
    return words[0]


def _unit_problems(config: InstallConfig, tree: PayloadTree) -> Iterator[Problem]:
    """Units to enable that are not there: a slip of the pen, or a unit of the other set."""
    for name, state in config.services:
        unit = unit_name(name)
        if state is not ServiceState.ENABLED or not tree.units:
            continue
        pointer = child("/services", name)
        if unit in tree.contents.masked:
            message, hint = f"{tree.name} masks {unit}", "leave it out"
            yield Problem(pointer=pointer, message=message, hint=hint)
        elif _lacks_unit(tree, unit):
            message = f"{tree.name} has no unit {unit}"
            yield Problem(pointer=pointer, message=message, hint=_nearest_unit(unit, tree))
        elif unit in tree.contents.bare_templates:
            message = f"{unit} is a template without a default instance"
            hint = f"name one, like {unit.replace('@', '@NAME')}"
            yield Problem(pointer=pointer, message=message, hint=hint)


def _ntp_problems(config: InstallConfig, tree: PayloadTree) -> Iterator[Problem]:
    if config.ntp.servers and _lacks_unit(tree, TIMESYNCD):
        message = f"{tree.name} has no systemd-timesyncd, which would ask these servers"
        hint = "leave it out, or configure the time service of this payload in a script"
        yield Problem(pointer="/ntp", message=message, hint=hint)


def _lacks_unit(tree: PayloadTree, unit: str) -> bool:
    return bool(tree.units) and tree.units.isdisjoint({unit, _template(unit)})


def _template(unit: str) -> str:
    """``getty@.service`` for ``getty@tty1.service``; the unit itself when it is no instance."""
    name, at, instance = unit.partition("@")
    return f"{name}@.{instance.rpartition('.')[2]}" if at else unit


def _nearest_unit(name: str, tree: PayloadTree) -> str:
    near = get_close_matches(name, sorted(tree.units), n=1)
    return f"did you mean {near[0]}?" if near else "leave it out, or install what has it first"


def nearest_program(path: str, tree: PayloadTree) -> str:
    """Where the tree has a program of that name; "" where it has none."""
    name = PurePosixPath(path).name
    named = [each for each in tree.contents.programs or () if PurePosixPath(each).name == name]
    return f"it is {min(named)} there" if named else ""
