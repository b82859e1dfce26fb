"""The built medium, and the payload that is on it."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.disks import WORK
from tests.vm.media import from_medium

MEDIUM = Path("build/photon-standard.iso").resolve()
_ON_MEDIUM = "/photon/payload"


def medium() -> Path:
    """The medium.

    :raises FileNotFoundError: it has not been built.
    """
    if not MEDIUM.exists():
        raise FileNotFoundError(f"{MEDIUM} is not there: run 'make iso'")
    return MEDIUM


def payload_folder() -> Path:
    """The medium's payload in a folder of its own; taken off again when the medium is newer."""
    folder = WORK / "payload"
    index = folder / "index.json"
    if index.exists() and index.stat().st_mtime > medium().stat().st_mtime:
        return folder
    fresh = from_medium(medium(), f"{_ON_MEDIUM}/index.json", WORK / "index.json")
    for image in json.loads(fresh.read_text("utf-8"))["images"]:
        from_medium(medium(), f"{_ON_MEDIUM}/{image['file']}", folder / image["file"])
    index.write_bytes(fresh.read_bytes())
    return folder
