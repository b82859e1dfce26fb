"""What the installer leaves on the machine that it runs on is for its owner alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.actions.context import Context
from installer.actions.storage.disk import CreateImage
from installer.actions.storage.filesystem import MakeSwapFile
from installer.api import save_kickstart
from installer.engine.sinks.compose import event_sinks, open_journal
from installer.engine.sinks.places import events_listener
from installer.events import EVENTS_NAME, LOG_NAME, Message
from installer.system.private import new_private_file, private_directory, private_text
from screens.session import Paths, Session
from tests.engine import kickstart
from tests.recorder import Recorder, recorded_context


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return recorded_context(Recorder(), tmp_path)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_image(context: Context, tmp_path: Path) -> None:
    image = tmp_path / "x.img"
    CreateImage(path=str(image), size=1 << 20).run(context)
    assert mode(image) == 0o600
    assert image.stat().st_size == 1 << 20


def test_the_journal(tmp_path: Path) -> None:
    work = tmp_path / "run/photon-installer"
    work.mkdir(parents=True, mode=0o755)
    (work / LOG_NAME).write_text("old")
    with open_journal(work) as emit:
        emit(Message(level="info", text="text"))
    assert mode(work) == 0o700
    assert [mode(work / name) for name in (LOG_NAME, EVENTS_NAME)] == [0o600, 0o600]
    assert "old" not in (work / LOG_NAME).read_text()


def test_the_event_file(tmp_path: Path) -> None:
    place = tmp_path / "events"
    place.write_text("a longer text than an event, which is written over")
    (tmp_path / "link").symlink_to(place)
    for path in (place, tmp_path / "link", tmp_path / "new"):
        with event_sinks(tmp_path / "work", listeners=[events_listener(str(path))]) as emit:
            emit(Message(level="info", text="text"))
        assert mode(path) == 0o600
        assert "longer" not in path.read_text()
    with event_sinks(tmp_path / "work", listeners=[events_listener("/dev/null")]):
        assert mode(Path("/dev/null")) == 0o666


def test_a_saved_kickstart(tmp_path: Path) -> None:
    place = tmp_path / "host.json"
    save_kickstart(kickstart(), str(place))
    assert mode(place) == 0o600


def test_the_session(tmp_path: Path) -> None:
    paths = Paths(folder=tmp_path / "run")
    session = Session(paths, "tty1")
    assert session.take()
    assert (mode(tmp_path / "run"), mode(paths.lock)) == (0o700, 0o600)
    session.release()


def test_the_swap_file_has_its_mode_before_its_room(context: Context) -> None:
    MakeSwapFile(path="/swapfile", size=1 << 20, kind="ext4", uuid="u").run(context)
    assert mode(context.target / "swapfile") == 0o600


def test_a_new_file_is_never_one_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        new_private_file(tmp_path / "link")
    with pytest.raises(OSError, match="symbolic links"):
        private_text(tmp_path / "link")
    private_directory(tmp_path / "a/b")
    assert (mode(tmp_path / "a"), mode(tmp_path / "a/b")) == (0o700, 0o700)
