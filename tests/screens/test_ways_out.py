"""Quitting, cancelling, help and saving: each says what is true at that moment."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from installer.engine.saving import Volume, file_at, in_memory, is_place, removable_volumes
from installer.errors import Cancelled, CommandFailed
from installer.events import Failed
from installer.machine.facts import Disk, Partition
from screens.keys import KEYS, Place, active, footer_line, help_lines
from screens.walk import questions
from tests.screens.conftest import Walk
from tests.screens.test_progress import BEGIN, END, started, until
from tests.screens.test_review import reviewed
from tests.screens.walker import Walker, machine

STICK = Disk(
    path="/dev/sdz",
    size=16 << 30,
    model="DataStick",
    transport="usb",
    removable=True,
    table="dos",
    partitions=(
        Partition(
            path="/dev/sdz1",
            number=1,
            start=1 << 20,
            size=15 << 30,
            filesystem="vfat",
            label="KEYS",
        ),
        Partition(path="/dev/sdz2", number=2, start=16 << 30, size=1 << 20),
    ),
)


def with_stick(walker: Walker) -> Walker:
    engine = walker.engine
    engine.machine = replace(engine.machine, disks=(*engine.machine.disks, STICK))
    walker.app.walk.rescan()
    walker.settle()
    return walker


def text_of(walker: Walker) -> str:
    return " ".join(walker.screen.replace("|", " ").split())


# A terminal that is too small.


@pytest.mark.parametrize("size", [(80, 23), (79, 24), (40, 12), (20, 5)])
@pytest.mark.parametrize("key", ["f3", "ctrl c"])
def test_a_terminal_that_is_too_small_can_be_left(
    walk: Walk, size: tuple[int, int], key: str
) -> None:
    walker = walk()
    walker.size = size
    assert f"{size[0]}x{size[1]}; the installer needs 80x24" in text_of(walker)
    assert "F3 or Ctrl-C quits" in text_of(walker)
    walker.keys(key)
    assert "Quit? y: yes, another key: no" in text_of(walker)
    walker.keys("n")
    assert "the installer needs 80x24" in text_of(walker)
    assert walker.ended is None
    walker.keys(key, "y")
    assert walker.ended == "quit"


def test_a_small_terminal_asks_before_it_cancels(walk: Walk) -> None:
    walker = until(started(walk(script=BEGIN, hold=threading.Event())), "extract minimal")
    walker.size = (80, 23)
    walker.keys("ctrl c")
    assert "Cancel the installation? y: yes, another key: no" in text_of(walker)
    walker.keys("y")
    walker.size = (80, 24)
    walker.app.worker.wait(5)
    until(walker, "The installation was cancelled.")


def test_what_a_small_terminal_asked_is_forgotten_when_it_grows(walk: Walk) -> None:
    walker = walk()
    walker.size = (80, 23)
    walker.keys("f3")
    walker.size = (80, 24)
    walker.keys("tab")
    walker.size = (80, 23)
    walker.keys("y")
    assert walker.ended is None


# Quitting and cancelling.


def test_quitting_says_what_is_lost(walk: Walk) -> None:
    walker = walk().keys("f3")
    assert "your answers are lost" in text_of(walker)
    walker.keys("ctrl c")
    assert walker.app.widget.dialog is None


def test_quitting_after_a_success_loses_nothing(walk: Walk) -> None:
    walker = until(started(walk(script=(*BEGIN, END))), "Photon is installed.")
    walker.keys("f3")
    assert "The installation is complete. Leave without rebooting?" in text_of(walker)
    assert "answers are lost" not in text_of(walker)


def test_quitting_after_a_failure_thinks_of_the_log(walk: Walk) -> None:
    walker = until(started(walk(script=BEGIN, error=CommandFailed("it broke"))), "it broke")
    walker.keys("esc")
    assert "so is the log unless you save it first" in text_of(walker)


@pytest.mark.parametrize("told", [True, False])
def test_what_was_cancelled_has_not_failed(walk: Walk, told: bool) -> None:
    failed = Failed(exit_code=5, message="The installation was cancelled.", hint="", written=False)
    script = (BEGIN[0], failed) if told else (BEGIN[0],)
    walker = started(walk(script=script, error=Cancelled("The installation was cancelled.")))
    until(walker, "The installation was cancelled.")
    assert walker.id == "cancelled"
    assert "ailed" not in walker.screen
    assert "Nothing was written to any disk." in walker.screen


# Help.


def test_help_on_a_form_names_the_keys_of_its_fields(walk: Walk) -> None:
    walker = walk().go("disk").keys("f1")
    assert "F10" in walker.screen
    assert "Ctrl-U" not in walker.screen
    walker.keys("esc").go("host").keys("f1")
    assert "Ctrl-U" in walker.screen


def test_help_during_the_installation_and_after_it_names_the_keys_of_that_moment(
    walk: Walk,
) -> None:
    hold = threading.Event()
    walker = until(started(walk(script=(*BEGIN, END), hold=hold)), "extract minimal").keys("f1")
    assert "cancel the installation (it asks first)" in walker.screen
    for other in ("F10", "Tab", "quit", "Space"):
        assert other not in walker.screen.partition("Keys")[2].partition("Close")[0]
    walker.keys("esc")
    hold.set()
    walker.app.worker.wait(5)
    until(walker, "Photon is installed.").keys("f1")
    assert "F10" not in walker.screen
    assert "quit the installer" in walker.screen


def test_every_key_in_the_help_of_a_place_does_something_there(walk: Walk) -> None:
    walker = walk().go("storage").field("< Edit partitions... >").keys("enter", "f1")
    assert "undo the last edit" in walker.screen
    walker.keys("esc", "enter", "f1")
    assert walker.id == "actions"
    assert "undo the last edit" not in walker.screen
    for place in Place:
        keys = [key for line in active(place) for key in line.keys]
        assert len(keys) == len(set(keys)), "one meaning at a place"
        assert "f1" in keys
        assert footer_line(place)
        assert all(len(line) <= 70 for line in help_lines(place, typing=True))
    assert all(line.places for line in KEYS)


# Saving.


def test_saving_proposes_a_removable_volume(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    walker = with_stick(reviewed(walk()))
    saved: list[tuple[str, str]] = []
    monkeypatch.setattr(
        walker.engine, "save", lambda document, place: saved.append((json.dumps(document), place))
    )
    walker.field("< Save as kickstart >").keys("enter")
    assert 'sdz1: "KEYS", vfat, DataStick' in walker.screen
    walker.keys("enter", "enter")
    assert [place for _document, place in saved] == ["sdz1:photon.json"]
    assert "Saved as sdz1:photon.json" in walker.screen
    assert "memory" not in walker.screen


def test_nothing_is_saved_on_a_disk_that_is_erased(walk: Walk) -> None:
    walker = with_stick(walk()).go("disk")
    walker.app.walk.set("disk", "/dev/sdz")
    assert walker.app.walk.volumes() == ()
    walker.app.walk.set("disk", "/dev/sda")
    assert [each.name for each in walker.app.walk.volumes()] == ["sdz1"]


def test_without_a_volume_no_place_in_memory_is_proposed(
    walk: Walk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(questions, "in_memory", lambda _place: True)
    walker = reviewed(walk()).field("< Save as kickstart >").keys("enter")
    assert "No removable volume was found" in text_of(walker)
    assert "[      " in walker.focus
    walker.keys("enter")
    assert "Enter a volume and a name, like sdb1:photon.json" in text_of(walker)
    walker.type(str(tmp_path / "k.json")).keys("enter", "enter")
    assert "! This location is in memory: a restart loses the file." in text_of(walker)
    assert (tmp_path / "k.json").exists()


def test_in_memory_is_what_no_device_holds() -> None:
    assert in_memory("/dev/shm/x/y/z.json") or not Path("/dev/shm").is_mount()
    assert in_memory("/run/nowhere/x") or not Path("/run").is_mount()
    assert not in_memory("sdb1:x")


def test_places_are_paths_or_files_on_volumes() -> None:
    for good in ("/root/a", "sdb1:a.json", "/dev/sdb1:a", "nvme0n1p1:/b/c"):
        assert is_place(good), good
    for bad in ("", "a", "a/b", "/", "/a/", "sdb1:", "sdb1:../a", "sd b:a", ":a", "../x:a"):
        assert not is_place(bad), bad


def test_only_what_can_be_written_and_taken_away_is_proposed() -> None:
    found_machine = machine("virtualbox")
    for disk, names in (
        (STICK, ["sdz1"]),
        (replace(STICK, removable=False), ["sdz1"]),
        (replace(STICK, removable=False, transport="sata"), []),
        (replace(STICK, medium=True), []),
        (replace(STICK, read_only=True), []),
        (replace(STICK, partitions=(), filesystem="exfat"), ["sdz"]),
        (replace(STICK, partitions=(), filesystem="iso9660"), []),
    ):
        found = removable_volumes(replace(found_machine, disks=(disk,)))
        assert [each.name for each in found] == names
    assert removable_volumes(replace(found_machine, disks=(STICK,)), {"/dev/sdz"}) == ()


def test_a_volume_is_mounted_for_the_moment() -> None:
    ran: list[list[str]] = []

    class Runs:
        def run(self, argv: list[str], **_options: object) -> str:
            ran.append(argv)
            return "vfat\n" if argv[0] == "lsblk" else ""

    with file_at("sdz1:logs/x.log", Runs()) as path:  # type: ignore[arg-type]
        folder = path.parent.parent
        assert path == folder / "logs/x.log"
        assert folder.is_dir()
    assert not folder.exists()
    assert [each[0] for each in ran] == ["lsblk", "mount", "umount"]
    assert ran[1][-2:] == ["/dev/sdz1", str(folder)]
    assert "fmask=0177" in ran[1][2]
    with file_at("/a/b", Runs()) as path:  # type: ignore[arg-type]
        assert path == Path("/a/b")


def test_the_list_of_volumes_fits_the_window() -> None:
    many = tuple(Volume(name=f"sd{letter}1", text="x" * 80) for letter in "abcdefgh")
    asked = questions.save_log(many)
    assert asked.text == "sda1:photon-install.log"
    assert "  and 3 more" in asked.lines
    assert len(asked.lines) < 14
    assert max(map(len, asked.lines)) <= 66
