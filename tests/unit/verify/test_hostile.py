"""What is no disk, and menus that do not end: the boot check reads both, and comes back.

Damaged disks, and firmware variables, are in ``tests/unit/fuzz/test_boot_doors.py``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.boot.esp import Esp, esp_files
from installer.errors import CommandFailed
from installer.system.run import ProcessRunner
from installer.verify.table import disk_table
from tests.unit.verify.whole_host import Keys, look, make_folders

MOST_SECONDS = 20.0


@pytest.fixture
def in_time() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < MOST_SECONDS


@pytest.mark.parametrize("what", ["fifo", "empty", "tiny"])
def test_what_is_no_disk(what: str, tmp_path: Path) -> None:
    place = tmp_path / "disk"
    if what == "fifo":
        os.mkfifo(place)  # nobody writes to it: reading it would never end
    else:
        place.write_bytes(b"" if what == "empty" else bytes(510) + b"\x55\xaa" + bytes(512))
    try:
        table = disk_table(ProcessRunner(lambda _: None), place)
    except CommandFailed:
        return
    assert not table.partitions
    assert table.findings


@pytest.mark.usefixtures("in_time")
def test_a_menu_that_does_not_come_to_an_end(tmp_path: Path, keys: Keys) -> None:
    endless = {
        "a variable that doubles itself": "set a=xxxxxxxx\n" + "set a=$a$a\n" * 60 + "echo $a\n",
        "functions": "function f0 {\n true\n}\n"
        + "".join(f"function f{n} {{\n f{n - 1}; f{n - 1}\n}}\n" for n in range(1, 38))
        + "f37\n",
        "itself": "set n=x$n\nexport n\n" + "configfile $prefix/grub.cfg\n" * 50,
        "a path with a zero byte": "configfile ($root)/boot/\0\n",
        "a number": f"set default={'9' * 5000}\nmenuentry a {{\n true\n}}\n",
        "depth": "if true; then\n" * 3000,
    }
    make_folders(tmp_path, keys)
    for name, text in endless.items():
        (tmp_path / "root/boot/grub/grub.cfg").write_text(text, encoding="utf-8")
        esp = Esp(name="ESP", files=esp_files(tmp_path / "esp"), partition="x")
        try:
            look(tmp_path / "root", esp, tmp_path / "work", keys)
        except Exception as error:
            raise AssertionError(name) from error
