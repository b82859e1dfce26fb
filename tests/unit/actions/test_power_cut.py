"""The plug is pulled while an ESP is written: nothing on it starts, or all of it."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from installer.actions.boot.esp import ESP_FILES, FALLBACK_LIST, STARTED
from installer.actions.boot.esp_copy import copy_to_esp
from installer.actions.boot.systemd_boot import LOADER_FILES
from installer.actions.context import Context
from installer.actions.storage.disk import RemoveBootPath
from installer.actions.storage.filesystem import MakeFilesystem
from tests.fat import Fat
from tests.firmware import NOTHING, STARTS, Firmware, HalfError
from tests.power_cut import Recording, cut_states

MIB = 1 << 20
STATES = 40
SEED = 20250704
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("mkfs.vfat", "mcopy", "mren"))), reason="needs mtools and dosfstools"
)


def grub_files(seed: int) -> dict[str, bytes]:
    chance = random.Random(seed)
    programs = {each: chance.randbytes(20_000 + seed) for each in set(ESP_FILES.values())}
    files = {name: programs[source] for name, source in ESP_FILES.items()}
    texts = {FALLBACK_LIST: b"list", "EFI/debian/grub.cfg": b"menu", "EFI/debian/grubenv": b"env"}
    return files | {name: text + bytes([seed]) for name, text in texts.items()}


def systemd_files(seed: int) -> dict[str, bytes]:
    chance = random.Random(seed)
    loader = chance.randbytes(30_000)
    return {
        **dict.fromkeys(LOADER_FILES, loader),
        "EFI/Linux/photon-6.12.1+3.efi": chance.randbytes(300_000),
        "loader/loader.conf": b"timeout 3\n",
    }


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    image = tmp_path / "esp.img"
    image.touch()
    os.truncate(image, 40 * MIB)
    subprocess.run(["mkfs.vfat", "-F", "32", str(image)], check=True, capture_output=True)
    return Recording(image)


def context_for(recording: Recording, tmp_path: Path) -> Context:
    return Context(
        runner=recording,
        emit=lambda _: None,
        target=tmp_path / "root",
        work=tmp_path / "work",
        nodes={"partition/esp": str(recording.image)},
    )


def lower(files: Mapping[str, bytes]) -> dict[str, bytes | None]:
    return {name.lower(): content for name, content in files.items()}


@pytest.mark.parametrize(
    ("files", "started"), [(grub_files(1), STARTED), (systemd_files(1), LOADER_FILES)]
)
def test_an_esp_that_is_written_starts_as_a_whole_or_not_at_all(
    recording: Recording, tmp_path: Path, files: dict[str, bytes], started: tuple[str, ...]
) -> None:
    base = recording.before
    copy_to_esp(context_for(recording, tmp_path), "partition/esp", files, started=started)
    firmware = Firmware((lower(files),))
    outcomes = Counter[str]()
    for name, state in cut_states(base, recording.log, STATES, SEED):
        found = Fat(state).files()
        for entry in (False, True):
            try:
                outcomes[firmware.starts(found, entry=entry)] += 1
            except Exception as error:
                raise AssertionError(name) from error
    assert outcomes.keys() == {NOTHING, STARTS}
    assert firmware.starts(Fat(recording.before).files(), entry=False) == STARTS


def test_the_replay_finds_an_esp_that_is_written_in_one_go(
    recording: Recording, tmp_path: Path
) -> None:
    files, base = grub_files(1), recording.before
    copy_to_esp(context_for(recording, tmp_path), "partition/esp", files)
    firmware, halves = Firmware((lower(files),)), 0
    for _, state in cut_states(base, recording.log, STATES, SEED):
        try:
            firmware.starts(Fat(state).files(), entry=False)
        except HalfError:
            halves += 1
    assert halves >= STATES // 8


def test_a_reinstallation_takes_the_old_boot_path_away_first(
    recording: Recording, tmp_path: Path
) -> None:
    old, new = grub_files(1), grub_files(2)
    context = context_for(recording, tmp_path)
    copy_to_esp(context, "partition/esp", old, started=STARTED)
    base, recording.log = recording.before, []
    node = str(recording.image)
    RemoveBootPath(disk=str(tmp_path / "disk"), esps=(node,)).run(context)
    taken = len(recording.log)
    MakeFilesystem(volume="partition/esp", kind="vfat", uuid="1234-ABCD", label="ESP").run(context)
    copy_to_esp(context, "partition/esp", new, started=STARTED)
    outcomes = Counter[str]()
    for name, state in cut_states(base, recording.log, 2 * STATES, SEED):
        found = Fat(state).files()
        version = old if lower(old).items() <= found.items() else new
        for entry in (False, True):
            try:
                outcomes[Firmware((lower(version),)).starts(found, entry=entry)] += 1
            except Exception as error:
                raise AssertionError(name) from error
    assert outcomes.keys() == {NOTHING, STARTS}
    assert 0 < taken < len(recording.log)
