"""The host's keyboard layout, by the programs of the tree that the medium has.

The tree itself is never written to: an overlay lies over it.
"""

from __future__ import annotations

import gzip
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.actions.boot.initramfs import MakeInitramfs
from installer.actions.context import Context
from installer.actions.host.files import WriteFile
from installer.actions.host.keyboard import SaveKeymap
from installer.config.keyboard import keyboard_from_text
from installer.plan.host.keyboard import keyboard_text
from installer.system.run import ProcessRunner
from tests.disk.tree import BUILT

SAVED = "etc/console-setup/cached_UTF-8_del.kmap.gz"
IN_INITRD = ("etc/photon-keyboard.map", "usr/lib/systemd/system/photon-keyboard.service")
WANTED = "etc/systemd/system/sysinit.target.wants/photon-keyboard.service"
Y, Z = 21, 44  # the kernel's numbers of the keys that say so in the US layout

pytestmark = [
    pytest.mark.disk,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root"),
]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Context]:
    root, upper, work = (tmp_path / name for name in ("root", "upper", "work"))
    for each in (root, upper, work):
        each.mkdir()
    options = f"lowerdir={BUILT},upperdir={upper},workdir={work}"
    subprocess.run(["mount", "-t", "overlay", "-o", options, "overlay", root], check=True)
    try:
        runner = ProcessRunner(lambda _: None)
        yield Context(runner=runner, emit=lambda _: None, target=root, work=tmp_path)
    finally:
        subprocess.run(["umount", root], check=True)


def write_layout(host: Context, keyboard: str) -> None:
    text = keyboard_text(keyboard_from_text(keyboard))
    WriteFile(path="/etc/default/keyboard", text=text).run(host)


def letter(keymap: str, key: int) -> str:
    """What a key types without Shift."""
    found = re.search(rf"(?m)^keycode +{key} = +\+?U\+([0-9a-f]{{4}}) ", keymap)
    assert found is not None
    return chr(int(found.group(1), 16))


@pytest.mark.parametrize(
    ("keyboard", "letters"), [("de", "zy"), ("us(intl)", "yz"), ("fr", "yw"), ("ru", "yz")]
)
def test_the_host_loads_its_own_layout(host: Context, keyboard: str, letters: str) -> None:
    write_layout(host, keyboard)
    SaveKeymap().run(host)
    keymap = gzip.decompress((host.target / SAVED).read_bytes()).decode()
    assert letter(keymap, Y) + letter(keymap, Z) == letters
    assert SAVED in (host.target / "etc/console-setup/cached_setup_keyboard.sh").read_text("utf-8")


def test_the_initrd_loads_it_before_it_asks_for_a_passphrase(host: Context, tmp_path: Path) -> None:
    write_layout(host, "de")
    modules = 'add_dracutmodules+=" systemd-cryptsetup photon-keyboard "\n'
    WriteFile(path="/etc/dracut.conf.d/zz-installer.conf", text=modules).run(host)
    (version,) = (path.name for path in (host.target / "usr/lib/modules").iterdir())
    MakeInitramfs(kernel_version=version).run(host)
    initrd = tmp_path / "initrd"
    initrd.mkdir()
    unpack = f"zstd -dc root/boot/initrd.img-{version} | cpio -id --quiet -D initrd"
    subprocess.run(["sh", "-ec", unpack], cwd=tmp_path, check=True)
    keymap, unit = ((initrd / name).read_text("utf-8") for name in IN_INITRD)
    assert letter(keymap, Y) + letter(keymap, Z) == "zy"
    assert (initrd / WANTED).is_symlink()
    assert (initrd / "usr/bin/loadkeys").exists()
    for prompt in ("cryptsetup-pre.target", "systemd-ask-password-console.service"):
        assert re.search(rf"^Before=.*\b{re.escape(prompt)}", unit, re.MULTILINE)
