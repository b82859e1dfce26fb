"""What the benchmarks compute from their measurements."""

import os
from pathlib import Path

import pytest

from benchmarks.install import INSTALLER, MMDEBSTRAP, PLAIN, figures_of
from benchmarks.memory import smallest
from benchmarks.results import Figure, Section, with_section
from benchmarks.screens import percentile
from benchmarks.size import UNOWNED, room_of_packages

SIZES = range(256, 1025, 64)


@pytest.mark.parametrize("enough", [256, 320, 448, 512, 960, 1024])
def test_bisection_finds_the_first_size_that_is_enough(enough: int) -> None:
    tried: list[int] = []

    def works(size: int) -> bool:
        tried.append(size)
        return size >= enough

    assert smallest(SIZES, works) == enough
    assert len(tried) == len(set(tried)) <= 4
    assert 1024 not in tried  # known to be enough


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(each) for each in range(1, 201)]
    assert percentile(values, 99) == 198.0
    assert percentile(values, 100) == 200.0
    assert percentile([3.0], 99) == 3.0


def test_a_section_replaces_its_own_kind() -> None:
    document = "# Results\n\nHead.\n\n## One\n\nold\n\n## Two\n\nkept\n"
    changed = with_section(document, "One", "## One\n\nnew\n")
    assert changed == "# Results\n\nHead.\n\n## One\n\nnew\n\n## Two\n\nkept\n"
    more = with_section(changed, "Three", "## Three\n\nadded\n")
    assert more == changed + "\n## Three\n\nadded\n"


def test_a_section_shows_each_verdict_and_no_empty_note() -> None:
    figures = [
        Figure(what="a", measured="1", goal="2", met=True),
        Figure(what="b", measured="3", goal="2", met=False),
        Figure(what="c", measured="4"),
    ]
    text = Section(title="T", how="How.", figures=figures).text("a machine")
    assert "| a | 1 | 2 | met |\n| b | 3 | 2 | missed |\n| c | 4 |  |  |\n" in text
    assert text.endswith("|\n\nMachine: a machine.\n")


def test_ratios_are_taken_round_by_round() -> None:
    seconds = {INSTALLER: (10.0, 4.0, 6.0), PLAIN: (10.0, 2.0, 5.0), MMDEBSTRAP: (100.0,) * 3}
    figures = {each.what: each for each in figures_of(seconds, "ext4")}
    plain = figures[f"ext4: {INSTALLER} to {PLAIN}"]
    assert (plain.measured, plain.met) == ("1.20", True)
    slow = figures[f"ext4: {INSTALLER} to {MMDEBSTRAP}"]
    assert (slow.measured, slow.met) == ("0.060", True)


def test_room_is_counted_once_and_by_package(tmp_path: Path) -> None:
    info = tmp_path / "var/lib/dpkg/info"
    info.mkdir(parents=True)
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "bin").symlink_to("usr/bin")
    (info / "docker:amd64.list").write_text("/.\n/bin\n/bin/docker\n/usr/bin/again\n")
    (tmp_path / "usr/bin/docker").write_bytes(b"x" * 100_000)
    os.link(tmp_path / "usr/bin/docker", tmp_path / "usr/bin/again")
    (tmp_path / "made-here").write_bytes(b"y" * 50_000)
    room = dict(room_of_packages(tmp_path))
    assert set(room) == {"docker", UNOWNED}
    assert room["docker"] == (tmp_path / "usr/bin/docker").stat().st_blocks * 512
