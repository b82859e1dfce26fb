"""The names that come along with the program are compared with the trees of each build."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from iso_hooks import build
from iso_hooks.errors import BuildFailed
from iso_hooks.known_names import KNOWN_NAMES, outdated_known_names
from iso_hooks.names import names_data, names_text, outdated_names, tcp_services
from iso_hooks.recipe import Recipe, load_recipe
from iso_hooks.steps import BuildDir

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
def build_dir(tmp_path: Path) -> BuildDir:
    """A directory with the trees of a build."""
    for tree in ("live", *(tree.name for tree in recipe().hosts)):
        write(tmp_path / "trees" / tree, FILES)
    return BuildDir(root=tmp_path, edition="fast")


def recipe() -> Recipe:
    return load_recipe()


def known(build_dir: BuildDir) -> dict[str, Any]:
    """What belongs to the trees, each keyboard with a keymap."""
    names = names_data(build_dir.root / "trees/live", build_dir.root / "trees/live")
    return {**names, "keyboards": ["us"], "keyboards_without_keymap": []}


def warnings(build_dir: BuildDir, names: dict[str, Any]) -> list[str]:
    file = build_dir.root / "known.json"
    file.write_text(names_text(names), encoding="utf-8")
    return outdated_known_names(build_dir, recipe(), file)


def test_services_are_those_with_tcp(build_dir: BuildDir) -> None:
    assert tcp_services(build_dir.root / "trees/live") == ["cmd", "http", "shell", "www"]


def test_names_that_are_those_of_the_trees(build_dir: BuildDir) -> None:
    assert warnings(build_dir, known(build_dir)) == []
    no_keymap = {"keyboards": [], "keyboards_without_keymap": ["us"]}
    assert warnings(build_dir, {**known(build_dir), **no_keymap}) == []


@pytest.mark.parametrize(("kind", "file", "text", "shown"), CHANGES)
def test_a_warning_has_the_names_and_the_command_that_renews_them(
    build_dir: BuildDir, kind: str, file: str, text: str, shown: str
) -> None:
    names = known(build_dir)
    host = build_dir.root / "trees" / ("live" if kind == "locales" else recipe().hosts[-1].name)
    write(host, {file: text})
    warning = warnings(build_dir, names)[-1]
    assert f"{kind}: " in warning
    assert shown in warning
    assert f"python -m iso_hooks names --host {build_dir.root}/trees/" in warning


def test_of_many_names_some_are_shown(build_dir: BuildDir) -> None:
    names = {**known(build_dir), "locales": ["a", "b", "c", "d", "e", "f"]}
    assert "locales: a, b, c, d, de_DE and 2 more" in warnings(build_dir, names)[0]


@pytest.mark.parametrize(
    "make",
    [
        partial(build.build_iso, refresh=False),
        partial(build.build_netboot, url="http://server", refresh=False),
    ],
)
def test_both_media_are_compared(
    build_dir: BuildDir,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    make: Callable[[BuildDir, Recipe, Path], None],
) -> None:
    def stop(*_: object) -> None:
        raise BuildFailed("the first step after the trees", "")

    trees = dict.fromkeys((tree.name for tree in recipe().trees), "")
    monkeypatch.setattr(build, "_build_trees", lambda *_, **__: trees)
    monkeypatch.setattr(build, "run_step", stop)
    with pytest.raises(BuildFailed, match="the first step after the trees"):
        make(build_dir, recipe(), build_dir.root / "out")
    assert "warning: " in capsys.readouterr().err


def test_the_file_has_every_kind_that_is_compared(build_dir: BuildDir) -> None:
    data = json.loads(KNOWN_NAMES.read_text("utf-8"))
    assert data.keys() == known(build_dir).keys()
    tree = build_dir.root / "trees/live"
    assert set(outdated_names(data, tree, tree)) <= data.keys()
