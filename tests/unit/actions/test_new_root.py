"""Links in the payload's tree, in every place that an action writes to, lead nowhere outside."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from installer.actions.boot.bios import PrepareBiosGrub
from installer.actions.boot.slot import CopySlot
from installer.actions.context import Context
from installer.actions.host.chroot import kernel_filesystems
from installer.actions.host.files import GenerateLocale, MakeFolder, MakeLink, WriteFile
from installer.actions.host.finish import KeepRecord
from installer.actions.host.services import RunScript, SetUnits
from installer.actions.new_root import NewRoot
from installer.actions.storage.filesystem import BindFolder, MakeSwapFile, MountFilesystem
from installer.errors import InstallerError, PayloadBad
from installer.events import LOG_NAME
from installer.secret import Secret
from tests.recorder import Recorder, recorded_context


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory of the system that installs."""
    place = tmp_path / "outside"
    place.mkdir()
    (place / "kept").write_text("kept")
    return place


@pytest.fixture
def context(tmp_path: Path) -> Context:
    context = recorded_context(Recorder(), tmp_path)
    context.work.mkdir()
    (context.work / LOG_NAME).write_text("log")
    modules = context.target / "usr/lib/grub/i386-pc"
    modules.mkdir(parents=True)
    (modules / "normal.mod").write_bytes(b"module")
    return context


def enter_kernel_filesystems(context: Context) -> None:
    with kernel_filesystems(context):
        pass


def run_script(context: Context) -> None:
    RunScript(name="post-1", text="echo text of the kickstart\n", timeout=1).run(context)


ACTIONS: dict[str, Callable[[Context], None]] = {
    "write": lambda context: WriteFile(path="/etc/a/hostname", text="edge").run(context),
    "link": lambda context: MakeLink(path="/etc/a/localtime", to="UTC").run(context),
    "folder": lambda context: MakeFolder(path="/srv/a", mode=0o710).run(context),
    "locale": lambda context: GenerateLocale(locale="de_DE.UTF-8").run(context),
    "mount": lambda context: MountFilesystem(
        volume="partition/a", kind="ext4", path="/srv/a", options="defaults"
    ).run(context),
    "bind": lambda context: BindFolder(folder="/srv", path="/srv/a").run(context),
    "swap": lambda context: MakeSwapFile(
        path="/swapfile", size=1 << 20, kind="ext4", uuid="0" * 8
    ).run(context),
    "record": lambda context: KeepRecord(kickstart=Secret("k"), plan="p", report="r").run(context),
    "units": lambda context: SetUnits(state="enabled", units=("ssh.service",)).run(context),
    "script": run_script,
    "kernel": enter_kernel_filesystems,
    "slot": lambda context: CopySlot(path="/srv/a").run(context),
    "bios": lambda context: PrepareBiosGrub(filesystem="ext4", uuid="u", folder="/boot").run(
        context
    ),
}
LINKS = (
    "etc", "etc/a", "etc/a/hostname", "etc/a/localtime", "srv", "srv/a", "usr/lib/locale",
    "usr/lib/locale/de_DE.utf8", "swapfile", "var", "var/tmp", "var/log/photon-installer",
    "var/log/photon-installer/kickstart.json", f"var/log/photon-installer/{LOG_NAME}",
    "etc/systemd/system", "etc/systemd/system/multi-user.target.wants",
    "var/tmp/photon-installer-script", "proc", "sys", "dev", "run/systemd/resolve",
    "boot/grub/i386-pc", "boot/grub/i386-pc/load.cfg", "boot/grub/i386-pc/normal.mod",
)  # fmt: skip


def listing(folder: Path) -> dict[str, str]:
    return {
        str(each.relative_to(folder)): each.read_text() if each.is_file() else ""
        for each in folder.rglob("*")
    }


@pytest.mark.parametrize("kind", ["directory", "file", "nothing"])
@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("name", ACTIONS)
def test_no_action_leaves_the_new_root(
    context: Context, outside: Path, name: str, link: str, kind: str
) -> None:
    to = {"directory": outside, "file": outside / "kept", "nothing": outside / "new"}[kind]
    place = context.target / link
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(to)
    before = listing(outside)
    with contextlib.suppress(InstallerError, OSError):  # a refusal is as good
        ACTIONS[name](context)
    assert listing(outside) == before
    assert isinstance(context.runner, Recorder)
    for command in context.runner.commands:
        for word in command.replace("=", " ").split():
            if word.startswith(f"{context.target}/"):
                assert Path(os.path.realpath(word)).is_relative_to(context.target), command


def test_a_file_is_made_anew_with_its_mode(context: Context, outside: Path) -> None:
    root = context.root
    (context.target / "etc").mkdir()
    (context.target / "etc/hard").hardlink_to(outside / "kept")
    os.mkfifo(context.target / "etc/pipe")
    for name in ("hard", "pipe", "new"):
        place = root.write(f"/etc/{name}", b"text", mode=0o600)
        assert place.read_bytes() == b"text"
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert (outside / "kept").read_text() == "kept"


def test_a_path_without_links(context: Context) -> None:
    root = NewRoot(context.target)
    (context.target / "lib").symlink_to("usr/lib")
    assert root.straight("/usr/lib") == context.target / "usr/lib"
    assert root.followed("/lib") == context.target / "usr/lib"
    assert root.place("/lib") == context.target / "lib"
    with pytest.raises(PayloadBad, match="lib is a link"):
        root.straight("/lib/grub")


def test_directories_are_made_for_their_owner(context: Context) -> None:
    root = context.root
    place = root.directory("/home/ops/.ssh/deep", mode=0o710)
    assert stat.S_IMODE(place.stat().st_mode) == 0o710
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.parent.parent.stat().st_mode) == 0o755
    root.directory("/home/ops", mode=0o700)
    assert stat.S_IMODE(place.parent.parent.stat().st_mode) == 0o755
