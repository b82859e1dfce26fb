"""The names that come along with the program are compared with the trees of each build."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from iso_hooks import build
from iso_hooks.errors import BuildFailed
from iso_hooks.known_names import KNOWN_NAMES, require_known_names
from iso_hooks.names import names_data, names_text, outdated_names, tcp_services
from iso_hooks.recipe import Recipe, load_recipe
from iso_hooks.steps import Workshop

XKB = """<xkbConfigRegistry><layoutList><layout><configItem><name>us</name>
<description>English (US)</description></configItem></layout></layoutList></xkbConfigRegistry>"""
FILES = {
    "usr/share/X11/xkb/rules/base.xml": XKB,
    "usr/share/X11/xkb/symbols/us": "",
    "usr/share/zoneinfo/tzdata.zi": "Z Etc/UTC 0 - UTC\nL Etc/UTC UTC\n",
    "usr/share/zoneinfo/Etc/UTC": "TZif",
    "usr/share/i18n/locales/de_DE": "",
    "etc/services": "# ports\n\nhttp 80/tcp www # web\nntp 123/udp\nshell 514/tcp cmd\n",
}
CHANGES = [
    ("keyboards", "usr/share/X11/xkb/rules/base.xml", XKB.replace(">us<", ">gb<"), "us"),
    ("zones", "usr/share/zoneinfo/tzdata.zi", "L Etc/UTC Etc/UCT\n", "Etc/UTC"),
    ("old_zones", "usr/share/zoneinfo/tzdata.zi", "Z Etc/UTC 0\nL Etc/UTC X\n", "X for Etc/UTC"),
    ("locales", "usr/share/i18n/locales/eo", "", "eo"),
    ("tcp_services", "etc/services", "http 80/tcp\nshell 514/tcp cmd\n", "www"),
]


def write(tree: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text, encoding="utf-8")


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    """A directory with the trees of a build."""
    for tree in ("live", *(tree.name for tree in recipe().hosts)):
        write(tmp_path / "trees" / tree, FILES)
    return Workshop(root=tmp_path, edition="fast")


def recipe() -> Recipe:
    return load_recipe()


def known(shop: Workshop) -> dict[str, Any]:
    """What belongs to the trees, each keyboard with a keymap."""
    names = names_data(shop.root / "trees/live", shop.root / "trees/live")
    return {**names, "keyboards": ["us"], "keyboards_without_keymap": []}


def require(shop: Workshop, names: dict[str, Any]) -> None:
    file = shop.root / "known.json"
    file.write_text(names_text(names), encoding="utf-8")
    require_known_names(shop, recipe(), file)


def test_services_are_those_with_tcp(shop: Workshop) -> None:
    assert tcp_services(shop.root / "trees/live") == ["cmd", "http", "shell", "www"]


def test_names_that_are_those_of_the_trees(shop: Workshop) -> None:
    require(shop, known(shop))
    require(shop, {**known(shop), "keyboards": [], "keyboards_without_keymap": ["us"]})


@pytest.mark.parametrize(("kind", "file", "text", "shown"), CHANGES)
def test_a_difference_ends_the_build_with_the_command_that_renews(
    shop: Workshop, kind: str, file: str, text: str, shown: str
) -> None:
    names = known(shop)
    host = shop.root / "trees" / ("live" if kind == "locales" else recipe().hosts[-1].name)
    write(host, {file: text})
    with pytest.raises(BuildFailed) as caught:
        require(shop, names)
    assert f"{kind}: " in caught.value.message
    assert shown in caught.value.message
    assert f"python -m iso_hooks names --host {shop.root}/trees/" in caught.value.hint


def test_of_many_names_some_are_shown(shop: Workshop) -> None:
    with pytest.raises(BuildFailed, match=r"locales: a, b, c, d, de_DE and 2 more"):
        require(shop, {**known(shop), "locales": ["a", "b", "c", "d", "e", "f"]})


def test_both_media_are_built_after_the_comparison(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "_build_trees", lambda *_, **__: {})
    with pytest.raises(BuildFailed, match="do not have the same names"):
        build.build_iso(shop, recipe(), shop.root / "out", refresh=False)
    with pytest.raises(BuildFailed, match="do not have the same names"):
        build.build_netboot(shop, recipe(), shop.root / "out", "http://server", refresh=False)


def test_the_file_has_every_kind_that_is_compared(shop: Workshop) -> None:
    data = json.loads(KNOWN_NAMES.read_text("utf-8"))
    assert data.keys() == known(shop).keys()
    tree = shop.root / "trees/live"
    assert set(outdated_names(data, tree, tree)) <= data.keys()
