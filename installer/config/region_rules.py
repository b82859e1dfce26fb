"""Rules about locale, keyboard and time zone: the host must know each by the name that is given."""

from __future__ import annotations

import re
from collections.abc import Iterator

from installer.config.host_names import host_names, locale_source, needs_generating
from installer.config.keyboard import keyboard_from_text
from installer.config.sound import Sound
from ks_schema import Problem
from ks_schema.wording import did_you_mean, nearest, quoted

_BETWEEN_LAYOUT_AND_VARIANT = re.compile(r"[^a-z0-9]+")
_LANGUAGE_AND_COUNTRY = re.compile(r"[a-z]{2}[_-][A-Z]{2}")


def region_problems(sound: Sound) -> Iterator[Problem]:
    """Names that no host knows, each with the one that was probably meant."""
    names = host_names()
    locale = sound.value("locale")
    if locale and needs_generating(locale) and locale_source(locale) not in names.locales:
        message, hint = f"unknown locale {quoted(locale)}", likely_locale(locale)
        yield sound.document.problem("/locale", message, hint)
    keyboard = sound.value("keyboard")
    if keyboard and keyboard not in names.keyboards:
        message = _keyboard_message(keyboard)
        yield sound.document.problem("/keyboard", message, likely_keyboard(keyboard))
    zone = sound.value("timezone")
    if zone and zone not in names.zones:
        message, hint = f"unknown time zone {quoted(zone)}", likely_zone(zone)
        yield sound.document.problem("/timezone", message, hint)


def likely_locale(locale: str) -> str:
    """What to write in the place of a locale that does not exist: one of the same language."""
    language = locale_source(locale).partition("_")[0]
    known = [name for name in host_names().locales if name.partition("_")[0] == language]
    home = f"{language}_{language.upper()}"
    # Names are compared without their ends, which are the same for all.
    guess = nearest(locale_source(locale), known) or (home if home in known else "")
    if not guess:
        return "a locale of glibc, like en_US.UTF-8, or C.UTF-8"
    name, at, variant = guess.partition("@")
    return f'did you mean "{name}.UTF-8{at}{variant}"?'


def likely_zone(zone: str) -> str:
    """What to write in the place of a time zone that does not exist."""
    names = host_names()
    by_small = {each.rpartition("/")[2].lower(): each for each in sorted(names.zones)}
    by_small |= {old.lower(): new for old, new in names.old_zones.items()}
    by_small |= {each.lower(): each for each in names.zones}
    if now := by_small.get(zone.lower()):
        return f'the name of that zone is "{now}"'
    return did_you_mean(zone, names.zones) or "an IANA name, like UTC or Europe/Paris"


def likely_keyboard(text: str) -> str:
    """What to write in the place of a keyboard that does not exist."""
    names = host_names()
    small = text.lower()
    first, *rest = _BETWEEN_LAYOUT_AND_VARIANT.split(small.strip("()"))
    if _LANGUAGE_AND_COUNTRY.fullmatch(text):
        first = rest[0]
    layout = first if first in names.keyboards else names.likely_keyboards.get(first, "")
    candidates = (small, names.likely_keyboards.get(small), f"{layout}({'-'.join(rest)})")
    for each in candidates:
        if each in names.keyboards:
            return f'did you mean "{each}"?'
    variants = [each for each in names.keyboards if each.startswith(f"{layout}(")] if layout else []
    if "(" in text and variants:
        return did_you_mean(text, variants) or f"without a variant: {quoted(layout)}"
    if layout:
        return f'did you mean "{layout}"?'
    return did_you_mean(text, names.keyboards) or "an XKB layout, like us, de or us(intl)"


def _keyboard_message(text: str) -> str:
    keyboard = keyboard_from_text(text)
    if keyboard.variant and keyboard.layout in host_names().keyboards:
        variant = quoted(keyboard.variant)
        return f"the keyboard layout {quoted(keyboard.layout)} has no variant {variant}"
    return f"unknown keyboard layout {quoted(text)}"
