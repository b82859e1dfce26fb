"""Names that a tree knows: keyboards, zones, locales, services. For the index and the program.

``python -m iso_hooks names`` writes those that come along with the program, for a kickstart that
is checked where there is no payload.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from iso_hooks.keymaps import letters_of

_XKB = "usr/share/X11/xkb"
# Layouts in common use come first; the extras are for those who ask for them by name.
_RULES = ("rules/base.xml", "rules/base.extras.xml")
# Maps the keymaps of kbd, which older installers ask for, to layouts.
_MODEL_MAP = "usr/share/systemd/kbd-model-map"
_ZONES = "usr/share/zoneinfo"
_LOCALES = "usr/share/i18n/locales"
_LOCALE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?(@[a-z]+)?")
_DEFAULT_LAYOUT = "us"
# Some lack a letter that is typed with AltGr; those of another script have none, or very few.
_LATIN = 13
# What tzdata itself calls no time zone: it stands for one that has not been set.
_UNSET_ZONE = "Factory"
_SERVICES = "etc/services"
_TCP = re.compile(r"[0-9]+/tcp")


def keyboard_names(tree: Path) -> list[str]:
    """The keyboard layouts, and each with its variants: ``us``, ``us(intl)``."""
    found = set()
    for rules in _RULES:
        for layout in _layouts(tree, rules):
            name = layout.findtext("configItem/name", "")
            # The rules also have a place for a layout of one's own, which no file is there for.
            if not (tree / _XKB / "symbols" / name).is_file():
                continue
            variants = (each.findtext("configItem/name") for each in layout.iter("variant"))
            found |= {name, *(f"{name}({variant})" for variant in variants)}
    return sorted(found)


def likely_keyboards(tree: Path) -> dict[str, str]:
    """Other names for keyboards: keymaps of kbd, languages and countries."""
    known = keyboard_names(tree)
    pairs = [*_keymaps(tree), *_described(tree)]
    likely: dict[str, str] = {}
    for name, keyboard in pairs:
        if name and keyboard in known and name not in known:
            likely.setdefault(name, keyboard)
    return dict(sorted(likely.items()))


def zone_names(tree: Path) -> list[str]:
    """The time zones that the tree has a file for."""
    zones, links = _tzdata(tree)
    known = (zones | links.keys()) - {_UNSET_ZONE}
    return sorted(name for name in known if (tree / _ZONES / name).is_file())


def old_zones(tree: Path) -> dict[str, str]:
    """Names of time zones that the tree has no file for, with those that it has."""
    known = set(zone_names(tree))
    _, links = _tzdata(tree)
    return {old: new for old, new in sorted(links.items()) if old not in known and new in known}


def locale_names(tree: Path) -> list[str]:
    """The locales that can be compiled from the sources in a tree: ``ca_ES@valencia``."""
    sources = tree / _LOCALES
    names = [path.name for path in sources.iterdir()] if sources.is_dir() else []
    return sorted(name for name in names if _LOCALE.fullmatch(name))


def tcp_services(tree: Path) -> list[str]:
    """The names and other names of the TCP ports in services(5)."""
    file = tree / _SERVICES
    found: set[str] = set()
    for line in file.read_text("utf-8").splitlines() if file.is_file() else []:
        name, *rest = line.partition("#")[0].split() or [""]
        if rest and _TCP.fullmatch(rest[0]):
            found |= {name, *rest[1:]}
    return sorted(found)


def names_data(host: Path, live: Path) -> dict[str, Any]:
    """What comes along with the program, from a host's tree and the live system's."""
    letters = {each: letters_of(host, each) for each in keyboard_names(host)}
    keymaps = {name: typed for name, typed in letters.items() if typed is not None}
    return {
        "keyboards": list(keymaps),
        "keyboards_without_keymap": sorted(letters.keys() - keymaps.keys()),
        "non_latin_keyboards": [name for name, typed in keymaps.items() if len(typed) < _LATIN],
        **_quick_names(host, live),
    }


def outdated_names(known: Mapping[str, Any], host: Path, live: Path) -> dict[str, list[str]]:
    """The names in which the trees differ from those that come along with the program, by kind.

    What can be typed with each keyboard is not compared: its keymap is made for that, which takes
    minutes for all of them.
    """
    now = {"keyboards": keyboard_names(host), **_quick_names(host, live)}
    without = known.get("keyboards_without_keymap", [])
    before = {**known, "keyboards": [*known.get("keyboards", []), *without]}
    differences = {
        kind: sorted(_entries(before.get(kind, ())) ^ _entries(names))
        for kind, names in now.items()
    }
    return {kind: names for kind, names in differences.items() if names}


def _quick_names(host: Path, live: Path) -> dict[str, Any]:
    return {
        "likely_keyboards": likely_keyboards(host),
        "zones": zone_names(host),
        "old_zones": old_zones(host),
        "locales": locale_names(live),
        "tcp_services": tcp_services(host),
    }


def _entries(names: Iterable[str] | Mapping[str, str]) -> set[str]:
    if isinstance(names, Mapping):
        return {f"{name} for {meant}" for name, meant in names.items()}
    return set(names)


def names_text(data: dict[str, Any]) -> str:
    """The file's text: a name a line, so that a change of Debian's can be read in a diff."""
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _layouts(tree: Path, rules: str) -> Iterator[ET.Element]:
    file = tree / _XKB / rules
    if file.is_file():
        # The file is a package's that apt has verified.
        yield from ET.parse(file).getroot().iter("layout")  # noqa: S314


def _keymaps(tree: Path) -> Iterator[tuple[str, str]]:
    file = tree / _MODEL_MAP
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    for line in lines:
        if line.strip() and not line.startswith("#"):
            keymap, layouts, _model, variants, *_ = line.split()
            # Where there are two layouts, the second is for Latin letters.
            layout, variant = layouts.split(",")[0], variants.strip("-").split(",")[0]
            yield keymap.lower(), f"{layout}({variant})" if variant else layout


def _described(tree: Path) -> Iterator[tuple[str, str]]:
    """Languages by name and code, and countries by code; the plain layout of a language first."""
    items = [each.find("configItem") for each in _layouts(tree, _RULES[0])]
    described = [
        (item.findtext("name", ""), item.findtext("description", ""), item)
        for item in items
        if item is not None
    ]
    described.sort(key=lambda each: ("(" in each[1], each[0] != _DEFAULT_LAYOUT))
    for layout, description, item in described:
        yield description.partition(" (")[0].lower(), layout
        yield item.findtext("shortDescription", "").lower(), layout
    for layout, _, item in described:
        for country in item.iter("iso3166Id"):
            yield (country.text or "").lower(), layout


def _tzdata(tree: Path) -> tuple[set[str], dict[str, str]]:
    """Zones and links of tzdata.zi, zic(8)'s compact form."""
    file = tree / _ZONES / "tzdata.zi"
    zones: set[str] = set()
    links: dict[str, str] = {}
    for line in file.read_text("utf-8").splitlines() if file.is_file() else []:
        match line.split():
            case ["Z", zone, *_]:
                zones.add(zone)
            case ["L", target, link]:
                links[link] = target
    return zones, links
