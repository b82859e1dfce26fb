"""Hosts for the boot check, made of folders: no device, no mount, no program is started."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from installer.boot.places import Places
from installer.boot.volumes import Volume
from installer.system.mounts import Mount
from tests.recorder import Recorder

ROOT, BOOT, ESP = (
    "172801b6-edb1-41a7-8e69-4f444c38796f",
    "5d1b0f9e-1b1c-4c52-9d1e-0f6f3b0f7a11",
    "1111-2222",
)


def places_of(folders: Mapping[str, Path], *, more: tuple[Volume, ...] = ()) -> Places:
    """Filesystems by their UUIDs, each seen as a whole in a folder."""
    nodes = {uuid: f"/dev/test{number}" for number, uuid in enumerate(folders)}
    volumes = (Volume(node=node, uuid=uuid, kind="ext4") for uuid, node in nodes.items())
    mounts = (Mount(node=nodes[uuid], top="/", folder=path) for uuid, path in folders.items())
    runner = Recorder(failing=["mount"])
    return Places(
        runner=runner,
        undo_runner=runner,
        work=Path("/nowhere"),
        undo=contextlib.ExitStack(),
        volumes=(*volumes, *more),
        mounts=tuple(mounts),
    )


def put(folder: Path, *paths: str, data: bytes = b"something") -> None:
    """Files below a folder."""
    for path in paths:
        place = folder / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
