from __future__ import annotations

import os
from pathlib import Path

from iso_hooks.payload import link_duplicates


def write(path: Path, text: str, *, time: int = 1000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (time, time))
    return path


def test_equal_files_at_the_same_path_become_one(tmp_path: Path) -> None:
    one = write(tmp_path / "a/usr/lib/x", "x" * 5000)
    two = write(tmp_path / "b/usr/lib/x", "x" * 5000)
    assert link_duplicates([tmp_path / "a", tmp_path / "b"]) == 1
    assert one.samefile(two)
    assert link_duplicates([tmp_path / "a", tmp_path / "b"]) == 0


def test_files_of_one_tree_stay_apart(tmp_path: Path) -> None:
    one = write(tmp_path / "a/etc/x", "x" * 5000)
    two = write(tmp_path / "a/srv/x", "x" * 5000)
    three = write(tmp_path / "b/srv/x", "x" * 5000)
    assert link_duplicates([tmp_path / "a", tmp_path / "b"]) == 1
    assert two.samefile(three)
    assert not one.samefile(two)


def test_what_differs_in_anything_stays_apart(tmp_path: Path) -> None:
    first = write(tmp_path / "a/x", "x" * 5000)
    write(tmp_path / "b/x", "y" * 5000)
    write(tmp_path / "c/x", "x" * 5000, time=2000)
    write(tmp_path / "d/x", "x" * 5000).chmod(0o600)
    assert link_duplicates([tmp_path / name for name in "abcd"]) == 0
    assert first.stat().st_nlink == 1
