"""The names of keyboards, zones, locales and services that a host knows, the same everywhere.

They come along with the program, so that a kickstart is judged by them and not by the files of the
machine where it is checked. ``python -m iso_hooks names`` writes them from trees that were built.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

FILE = "host_names.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNames:
    """What Debian 13 has.

    ``keyboards`` are layouts, and layouts with a variant: ``us``, ``us(intl)``.
    With ``non_latin_keyboards`` alone nobody could type a user's name.
    ``likely_keyboards`` maps what else people call one (a keymap of kbd, a language, a country).
    ``old_zones`` maps names that tzdata has given up to those of today. ``locales`` are the names
    of their sources: ``ca_ES@valencia``. ``tcp_services`` are the names of ports in services(5).
    """

    keyboards: frozenset[str]
    non_latin_keyboards: frozenset[str]
    likely_keyboards: Mapping[str, str]
    zones: frozenset[str]
    old_zones: Mapping[str, str]
    locales: frozenset[str]
    tcp_services: frozenset[str]


@cache
def host_names() -> HostNames:
    """The names, read from the file beside this module."""
    data = json.loads(resources.files("installer.config").joinpath(FILE).read_text("utf-8"))
    return HostNames(
        keyboards=frozenset(data["keyboards"]),
        non_latin_keyboards=frozenset(data["non_latin_keyboards"]),
        likely_keyboards=data["likely_keyboards"],
        zones=frozenset(data["zones"]),
        old_zones=data["old_zones"],
        locales=frozenset(data["locales"]),
        tcp_services=frozenset(data["tcp_services"]),
    )


def locale_source(locale: str) -> str:
    """The name of a locale's source: ``ca_ES@valencia`` for ``ca_ES.UTF-8@valencia``."""
    language, _, rest = locale.partition(".")
    _, at, variant = rest.partition("@")
    return language + at + variant


def needs_generating(locale: str) -> bool:
    """Whether a locale has to be compiled; glibc has the C locales built in."""
    return locale_source(locale) not in {"C", "POSIX"}
