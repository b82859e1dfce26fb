"""Locale, keyboard and time zone are judged by the host's names, wherever that is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from installer import api
from installer.config.host_names import host_names, locale_source
from installer.config.keyboard import Keyboard, keyboard_from_text
from ks_schema import Problem
from tests.engine import KEY

BASE: dict[str, Any] = {
    "version": 1,
    "disks": {"default": {"device": "/dev/sda"}},
    "root": {"ssh_keys": [KEY]},
}


def only(**change: Any) -> Problem:
    (found,) = api.check(BASE | change)
    return found


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("uk", "gb"),
        ("de-latin1", "de"),
        ("de-latin1-nodeadkeys", "de(nodeadkeys)"),
        ("us-intl", "us(intl)"),
        ("us_intl", "us(intl)"),
        ("us-acentos", "us(intl)"),
        ("us(intll)", "us(intl)"),
        ("jp106", "jp"),
        ("en", "us"),
        ("english", "us"),
        ("German", "de"),
        ("DE", "de"),
        ("pt_BR", "br"),
        ("es-MX", "latam"),
        ("fi-latin1", "fi"),
        ("sv-latin1", "se"),
        ("colemak", "us(colemak)"),
    ],
)
def test_names_of_other_systems_are_refused_with_the_one_of_xkb(said: str, meant: str) -> None:
    found = only(keyboard=said)
    assert (found.pointer, found.hint) == ("/keyboard", f'did you mean "{meant}"?')
    assert api.check(BASE | {"keyboard": meant}) == ()


@pytest.mark.parametrize("said", ["custom", "nonsense", "us(nonsense)", "capslock", "level3"])
def test_what_is_a_file_of_xkb_but_not_a_layout_is_refused(said: str) -> None:
    assert only(keyboard=said).pointer == "/keyboard"


@pytest.mark.parametrize("said", ["us ", "us (intl)", "us,ru", "us()", "", "de\n", 'us"'])
def test_a_keyboard_has_one_form(said: str) -> None:
    assert only(keyboard=said).pointer == "/keyboard"


def test_each_keyboard_is_read_and_written_as_it_is() -> None:
    for name in host_names().keyboards:
        assert str(keyboard_from_text(name)) == name
    assert keyboard_from_text("de(nodeadkeys)") == Keyboard(layout="de", variant="nodeadkeys")


@pytest.mark.parametrize(
    ("old", "now"),
    [
        ("US/Pacific", "America/Los_Angeles"),
        ("US/Eastern", "America/New_York"),
        ("GB", "Europe/London"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("EST5EDT", "America/New_York"),
        ("europe/paris", "Europe/Paris"),
        ("Berlin", "Europe/Berlin"),
    ],
)
def test_old_time_zones_are_refused_with_their_name_of_today(
    old: str, now: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # This machine has the old name; the host does not.
    (tmp_path / old).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / old).write_bytes(b"TZif")
    monkeypatch.setattr("zoneinfo.TZPATH", (str(tmp_path),))
    found = only(timezone=old)
    assert (found.pointer, found.hint) == ("/timezone", f'the name of that zone is "{now}"')
    assert api.check(BASE | {"timezone": now}) == ()


@pytest.mark.parametrize(
    "said", ["localtime", "posixrules", "Factory", "right/UTC", "posix/UTC", "zone", "Europe"]
)
def test_files_of_tzdata_that_are_not_time_zones_are_refused(said: str) -> None:
    assert only(timezone=said).pointer == "/timezone"


@pytest.mark.parametrize("said", ["UTC", "Etc/GMT+1", "America/Argentina/Ushuaia", "Asia/Kolkata"])
def test_time_zones_of_the_host_need_no_file_here(
    said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zoneinfo.TZPATH", ())
    assert api.check(BASE | {"timezone": said}) == ()


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("xx_XX.UTF-8", "a locale of glibc, like en_US.UTF-8, or C.UTF-8"),
        ("de.UTF-8", 'did you mean "de_DE.UTF-8"?'),
        ("ca_ES.UTF-8@valencian", 'did you mean "ca_ES.UTF-8@valencia"?'),
    ],
)
def test_locales_without_a_source_are_refused(said: str, hint: str) -> None:
    found = only(locale=said)
    assert (found.pointer, found.hint) == ("/locale", hint)


@pytest.mark.parametrize(
    "said", ["C.UTF-8", "en_US.utf8", "ca_ES.UTF-8@valencia", "de_DE.UTF-8@euro", "eo.UTF-8"]
)
def test_locales_with_a_source_are_taken(said: str) -> None:
    assert api.check(BASE | {"locale": said}) == ()


def test_every_guess_is_a_name_of_the_host() -> None:
    names = host_names()
    assert set(names.likely_keyboards.values()) <= names.keyboards
    assert names.keyboards.isdisjoint(names.likely_keyboards)
    assert set(names.old_zones.values()) <= names.zones
    assert names.zones.isdisjoint(names.old_zones)
    assert locale_source("de_DE.UTF-8") in names.locales
