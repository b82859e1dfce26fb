"""What the index says of a tree's files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from installer.payload.contents import tree_contents
from iso_hooks.contents import contents_data
from iso_hooks.names import (
    keyboard_names,
    likely_keyboards,
    locale_names,
    names_data,
    names_text,
    old_zones,
    zone_names,
)

MIB = 1 << 20
XKB = """\
<xkbConfigRegistry><layoutList>
 <layout><configItem><name>gb</name><shortDescription>en</shortDescription>
  <description>English (UK)</description><countryList><iso3166Id>GB</iso3166Id></countryList>
  </configItem></layout>
 <layout><configItem><name>us</name><shortDescription>en</shortDescription>
  <description>English (US)</description></configItem>
  <variantList><variant><configItem><name>intl</name></configItem></variant></variantList></layout>
 <layout><configItem><name>latam</name><description>Spanish (Latin American)</description>
  <countryList><iso3166Id>MX</iso3166Id></countryList></configItem></layout>
 <layout><configItem><name>custom</name><description>One's own</description></configItem></layout>
</layoutList></xkbConfigRegistry>
"""
EXTRAS = """\
<xkbConfigRegistry><layoutList><layout><configItem><name>us</name></configItem>
<variantList><variant><configItem><name>3l</name></configItem></variant></variantList></layout>
</layoutList></xkbConfigRegistry>
"""
KEYMAPS = """\
# console layout model variant options
uk\tgb\tpc105\t-\tterminate:ctrl_alt_bksp
us-acentos\tus\tpc105\tintl\t-
mk-utf\tmk,us\tpc105\t-\t-
mixed-utf\tus,gb\tpc105\tintl,\t-
"""
TZDATA = """\
# version 2026f
Z Europe/Paris 0 - LMT
Z Etc/UTC 0 - UTC
Z Factory 0 - -00
L Etc/UTC UTC
L Europe/Paris Europe/Monaco
L Europe/Paris MET
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with a little of everything."""
    root = tmp_path / "tree"
    files = {
        "etc/group": "root:x:0:\nclock:x:993:\n",
        "etc/passwd": "root:x:0:0::/root:/bin/bash\n_apt:x:42:65534::/:/bin/false\n",
        "etc/systemd/system/local.service": "",
        "usr/lib/systemd/system/plain.service": "",
        "usr/lib/systemd/system/one@.service": "[Install]\nDefaultInstance=first\n",
        "usr/lib/systemd/system/bare@.service": "[Install]\nWantedBy=getty.target\n",
        "usr/bin/sh": "",
        "usr/sbin/nologin": "",
        "usr/share/X11/xkb/rules/base.xml": XKB,
        "usr/share/X11/xkb/rules/base.extras.xml": EXTRAS,
        "usr/share/X11/xkb/symbols/gb": "",
        "usr/share/X11/xkb/symbols/us": "",
        "usr/share/X11/xkb/symbols/latam": "",
        "usr/share/X11/xkb/symbols/capslock": "",
        "usr/share/systemd/kbd-model-map": KEYMAPS,
        "usr/share/zoneinfo/tzdata.zi": TZDATA,
        "usr/share/zoneinfo/Europe/Paris": "TZif",
        "usr/share/zoneinfo/Europe/Monaco": "TZif",
        "usr/share/zoneinfo/Etc/UTC": "TZif",
        "usr/share/zoneinfo/Factory": "TZif",
        "usr/share/zoneinfo/zone.tab": "",
        "usr/share/i18n/locales/de_DE": "",
        "usr/share/i18n/locales/ca_ES@valencia": "",
        "usr/share/i18n/locales/eo": "",
        "usr/share/i18n/locales/translit_font": "",
        "usr/share/i18n/locales/iso14651_t1": "",
        "var/lib/large": "x" * (3 * MIB),
        "var/lib/small/file": "x",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    os.link(root / "var/lib/large", root / "usr/sbin/large")
    links = {
        "bin": "usr/bin",
        "var/run": "/run",
        "usr/share/here": "zoneinfo",
        "usr/share/zoneinfo/UTC": "Etc/UTC",
        "usr/share/zoneinfo/localtime": "/etc/localtime",
        "usr/lib/systemd/system/masked.service": "/dev/null",
        "usr/lib/systemd/system/alias.service": "plain.service",
        "usr/lib/systemd/system/gone.service": "nowhere.service",
        "etc/systemd/system/off.service": "/dev/null",
        "etc/systemd/system/dbus-one.service": "/usr/lib/systemd/system/plain.service",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    (root / "usr/lib/systemd/system/getty.target.wants").mkdir()
    return root


def test_units(tree: Path) -> None:
    data = contents_data(tree)
    assert data["units"] == [
        "alias.service",
        "bare@.service",
        "local.service",
        "one@.service",
        "plain.service",
    ]
    assert data["masked"] == ["masked.service", "off.service"]
    assert data["bare_templates"] == ["bare@.service"]
    assert data["groups"] == ["clock", "root"]
    assert data["users"] == ["_apt", "root"]


def test_programs_and_links(tree: Path) -> None:
    data = contents_data(tree)
    assert data["program_directories"] == ["/usr/sbin", "/usr/bin"]
    assert data["programs"] == ["/usr/bin/sh", "/usr/sbin/large", "/usr/sbin/nologin"]
    assert data["links"] == {"/bin": "/usr/bin", "/var/run": "/run"}


def test_each_directory_of_size_has_all_that_is_below(tree: Path) -> None:
    data = contents_data(tree)
    assert set(data["directories"]) == {"/usr", "/usr/sbin"}  # the link that comes first counts
    assert data["directories"]["/usr/sbin"] >= 3 * MIB
    assert data["installed_size"] >= data["directories"]["/usr"] > data["directories"]["/usr/sbin"]
    (tree / "usr/sbin/large").unlink()
    assert set(contents_data(tree)["directories"]) == {"/var", "/var/lib"}


def test_keyboards(tree: Path) -> None:
    assert keyboard_names(tree) == ["gb", "latam", "us", "us(3l)", "us(intl)"]
    assert likely_keyboards(tree) == {
        "en": "us",
        "english": "us",
        "mixed-utf": "us(intl)",
        "mx": "latam",
        "spanish": "latam",
        "uk": "gb",
        "us-acentos": "us(intl)",
    }


def test_zones(tree: Path) -> None:
    assert zone_names(tree) == ["Etc/UTC", "Europe/Monaco", "Europe/Paris", "UTC"]
    assert old_zones(tree) == {"MET": "Europe/Paris"}


def test_locales(tree: Path) -> None:
    assert locale_names(tree) == ["ca_ES@valencia", "de_DE", "eo"]


def test_a_tree_without_any_of_it(tmp_path: Path) -> None:
    names = names_data(tmp_path, tmp_path)
    assert not any(names.values())
    assert names_text(names).endswith("}\n")


def test_the_installer_reads_what_is_written(tree: Path) -> None:
    data: dict[str, Any] = contents_data(tree)
    contents = tree_contents(data)
    assert not contents.lacks_program("/bin/sh")
    assert contents.lacks_program("/bin/zsh")
    assert not contents.lacks_program("/opt/zsh")  # the index does not say what is there
    assert contents.real_path("/var/run/one") == "/run/one"
    assert contents.keyboards == frozenset(data["keyboards"])


def test_our_own_units_can_be_masked() -> None:
    """Systemctl masks none of which the file itself is in /etc."""
    host = Path(__file__).parents[3] / "iso_hooks/host/files/etc/systemd/system"
    assert [path.name for path in host.iterdir() if path.is_file()] == []
