from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from iso_hooks.cpio import cpio_segment, with_segment


def test_a_segment_is_aligned_and_always_the_same() -> None:
    files = {"b": b"two", "a": b"1"}
    assert cpio_segment(files) == cpio_segment(dict(reversed(files.items())))
    assert len(with_segment(b"x" * 700, files)) % 512 == 0
    assert with_segment(b"x" * 700, files)[1024:1030] == b"070701"


@pytest.mark.skipif(shutil.which("cpio") is None, reason="needs the program cpio")
def test_cpio_reads_it_back(tmp_path: Path) -> None:
    segment = cpio_segment({"photon-index.sha256": b"abc\n", "other": b""})
    subprocess.run(["cpio", "-id", "--quiet"], input=segment, cwd=tmp_path, check=True)
    assert (tmp_path / "photon-index.sha256").read_bytes() == b"abc\n"
    assert (tmp_path / "other").read_bytes() == b""
