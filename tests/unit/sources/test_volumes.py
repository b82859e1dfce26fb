"""Kickstarts on the medium and on labelled volumes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from installer.errors import Cancelled, CommandFailed, KickstartUnparsable, KickstartUnreachable
from installer.sources.fetch import RetryPolicy
from installer.sources.kickstart import Surroundings, find_volume_kickstart, read_kickstart
from installer.sources.volumes import labelled_volume
from tests.unit.sources.told import GOOD, Told


class Mounts:
    """Stands for mount and umount: a device is a folder whose files the mount point gets."""

    def __init__(self, volumes: dict[str, Path]) -> None:
        self.volumes = volumes
        self.calls: list[list[str]] = []

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: object = None,
        timeout: float | None = None,
        watch: object = None,
    ) -> str:
        del stdin, watch
        self.calls.append(list(argv))
        assert timeout is not None
        match argv:
            case ["mount", "-o", "ro,nosuid,nodev,noexec", device, folder]:
                content = self.volumes.get(Path(device).name)
                if content is None:
                    raise CommandFailed("mount: wrong fs type")
                shutil.copytree(content, folder, dirs_exist_ok=True)
            case ["umount", folder]:
                for path in Path(folder).iterdir():
                    path.unlink()
        return ""


@pytest.fixture
def volume(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Makes labelled volumes; gives what :meth:`Told.read` needs to see them."""

    def make(**volumes: dict[str, bytes] | None) -> dict[str, Any]:
        by_label = tmp_path / "by-label"
        by_label.mkdir(exist_ok=True)
        folders: dict[str, Path] = {}
        for label, files in volumes.items():
            (by_label / label).touch()
            if files is None:
                continue
            folders[label] = tmp_path / f"content-{label}"
            folders[label].mkdir()
            for name, content in files.items():
                (folders[label] / name).write_bytes(content)
        return {"by_label": by_label, "runner": Mounts(folders)}

    return make


Volume = Callable[..., dict[str, Any]]


def test_a_file_on_the_medium(told: Told, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/ks.yaml").write_bytes(b"version: 1\n")
    document = told.read("medium:site/ks.yaml", medium=tmp_path)
    assert (document.data, document.name) == ({"version": 1}, "medium:site/ks.yaml")
    assert told.read("medium:/site/ks.yaml", medium=tmp_path).data
    with pytest.raises(KickstartUnreachable, match=r"^medium:none: No such file"):
        told.read("medium:none", medium=tmp_path)
    with pytest.raises(KickstartUnreachable, match="leaves the volume"):
        told.read("medium:../secret", medium=tmp_path)
    with pytest.raises(KickstartUnreachable, match="medium has no kickstart"):
        told.read("medium:", medium=tmp_path)


def test_the_first_of_the_usual_names_is_read(told: Told, volume: Volume) -> None:
    files = {"ks.json": b'{"hostname": "b"}', "photon.yaml": b"hostname: a"}
    seen = volume(PHOTONKS=files)
    document = told.read("label:PHOTONKS", **seen)
    assert (document.name, document.data["hostname"]) == ("label:PHOTONKS:photon.yaml", "a")
    assert told.read("label:PHOTONKS:ks.json", **seen).data["hostname"] == "b"
    assert told.read("label:photonks:/ks.json", **seen).data["hostname"] == "b"


def test_volumes_are_mounted_read_only_and_unmounted(told: Told, volume: Volume) -> None:
    seen = volume(OEMDRV={"ks.json": b"{"})
    with pytest.raises(KickstartUnparsable, match=r"label:OEMDRV:ks\.json:1:2"):
        told.read("label:", **seen)
    mount, umount = seen["runner"].calls
    assert mount[:3] == ["mount", "-o", "ro,nosuid,nodev,noexec"]
    assert umount == ["umount", mount[4]]
    assert not Path(mount[4]).exists()


def test_a_volume_that_is_not_there_is_waited_for(told: Told, volume: Volume) -> None:
    seen = volume(OTHER={})
    with pytest.raises(KickstartUnreachable, match="no volume is labelled PHOTONKS or OEMDRV or"):
        told.read("label:", **seen)
    assert told.seconds == 3.0
    assert "looking again in 2 s" in told.text


def test_a_volume_that_appears_late(told: Told, volume: Volume, tmp_path: Path) -> None:
    seen = volume(OTHER={"photon.json": GOOD})

    def plug(_seconds: float) -> None:
        (seen["by_label"] / "PHOTONKS").touch()
        seen["runner"].volumes["PHOTONKS"] = tmp_path / "content-OTHER"

    surroundings = Surroundings(retries=RetryPolicy(waits=(1.0,), sleep=plug), **seen)
    document = read_kickstart("label:", emit=told.events.append, surroundings=surroundings)
    assert document.data["hostname"] == "from-here"


def test_a_volume_that_cannot_be_mounted(told: Told, volume: Volume) -> None:
    with pytest.raises(KickstartUnreachable, match="cannot be mounted: mount: wrong fs type"):
        told.read("label:PHOTONKS", **volume(PHOTONKS=None))


def test_user_data_is_read_when_it_is_a_kickstart(told: Told, volume: Volume) -> None:
    seen = volume(cidata={"user-data": b"version: 1\nhostname: cloud\n"})
    assert told.read("label:", **seen).name == "label:CIDATA:user-data"


@pytest.mark.parametrize("text", [b"#cloud-config\nusers: []\n", b"#!/bin/sh\n{", b"a: [", b""])
def test_user_data_of_others_is_left_alone(text: bytes, told: Told, volume: Volume) -> None:
    seen = volume(CIDATA={"user-data": text})
    with pytest.raises(KickstartUnreachable, match="label:CIDATA has no kickstart"):
        told.read("label:CIDATA", **seen)
    surroundings = told.surroundings(**seen)
    assert find_volume_kickstart(emit=told.events.append, surroundings=surroundings) is None


def test_the_first_volume_that_has_a_kickstart_is_found(told: Told, volume: Volume) -> None:
    seen = volume(PHOTONKS=None, OEMDRV={"other": b""}, CIDATA={"ks.json": GOOD})
    surroundings = told.surroundings(**seen)
    document = find_volume_kickstart(emit=told.events.append, surroundings=surroundings)
    assert document is not None
    assert document.name == "label:CIDATA:ks.json"
    assert "cannot be mounted" in told.text
    assert "label:OEMDRV has no kickstart" in told.text


def test_no_volume_is_no_kickstart_and_no_wait(told: Told, tmp_path: Path) -> None:
    surroundings = told.surroundings(by_label=tmp_path / "none")
    assert find_volume_kickstart(emit=told.events.append, surroundings=surroundings) is None
    assert told.seconds == 0.0


def test_labels_with_spaces_are_found_as_udev_writes_them(tmp_path: Path) -> None:
    (tmp_path / "MY\\x20VOL").touch()
    assert labelled_volume("my vol", tmp_path) == tmp_path / "MY\\x20VOL"


def test_a_volume_that_cannot_be_unmounted_keeps_its_files(
    told: Told, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = volume(PHOTONKS={"ks.json": GOOD})
    mounted = seen["runner"].run

    def stuck(argv: Sequence[str], *, timeout: float | None = None) -> str:
        if argv[0] == "umount":
            raise CommandFailed("umount: target is busy")
        return str(mounted(argv, timeout=timeout))

    monkeypatch.setattr(seen["runner"], "run", stuck)
    with pytest.raises(CommandFailed, match="busy"):
        told.read("label:PHOTONKS", **seen)
    folder = Path(seen["runner"].calls[0][-1])
    assert (folder / "ks.json").read_bytes() == GOOD
    shutil.rmtree(folder)


def test_waiting_ends_when_the_user_gives_up(told: Told, volume: Volume) -> None:
    retries = RetryPolicy(
        waits=(60.0,), sleep=told.waited.append, cancelled=lambda: told.seconds >= 2.0
    )
    with pytest.raises(Cancelled):
        read_kickstart(
            "label:",
            emit=told.events.append,
            surroundings=Surroundings(retries=retries, **volume()),
        )
    assert told.seconds == 2.0
