"""Unified kernel images in the plan: what the host gets, and which layouts have room for them."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from installer.actions.boot.systemd_boot import SignSystemdBoot, WriteSystemdBoot
from installer.actions.boot.uki import MakeUki, uki_name
from installer.actions.host.files import WriteFile
from installer.actions.host.services import SetUnits
from installer.config.boot import Boot, BootMode, OwnerKeys, SigningKey
from installer.plan.boot.loader import BootPlace, kernel_command_line
from installer.plan.boot.uki import (
    LEAST_ESP,
    loader_conf_text,
    uki_actions,
    uki_esp_actions,
    uki_files,
    uki_problems,
)
from installer.plan.storage.bootable import esp_places
from tests.engine import kickstart, plan_for, small_machine
from tests.renew_plans import PLANS, made_plan

VERSION = "6.12.117+deb13-cloud-amd64"
KEY = SigningKey(certificate="/keys/db.pem", key="/keys/db.key")
BOOT = Boot(timeout=7, kernel_arguments=("quiet",), owner_keys=OwnerKeys(db=KEY))
PLACE = BootPlace(uuid="boot", folder="/boot", root_uuid="root", root_flags=("rootflags=subvol=@",))
FILES = {each.path: each for each in uki_files(BOOT, PLACE) if isinstance(each, WriteFile)}
ESPS = esp_places(plan_for(kickstart(), small_machine("/dev/vda")).storage)


def checked(program: str, *arguments: str | Path) -> None:
    """Run a checker of texts where there is one."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not there")
    done = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_sh_understands_the_script(tmp_path: Path) -> None:
    script = tmp_path / "photon-uki"
    script.write_text(FILES["/usr/sbin/photon-uki"].text, encoding="utf-8")
    checked("sh", "-n", script)
    checked("shellcheck", script)


def test_the_unit_runs_where_starts_are_counted_alone() -> None:
    unit = FILES["/etc/systemd/system/photon-uki-good.service"].text
    (condition,) = (line for line in unit.splitlines() if line.startswith("Condition"))
    place = condition.removeprefix("ConditionPathExists=")
    assert f"started={place}\n" in FILES["/usr/sbin/photon-uki"].text


def test_the_command_line_is_that_of_a_menu() -> None:
    line = FILES["/etc/kernel/cmdline"].text
    assert line == kernel_command_line(BOOT, PLACE) + "\n"
    assert line.startswith("root=UUID=root ro rootflags=subvol=@ ")


def test_the_initramfs_measures_that_it_has_begun() -> None:
    text = FILES["/etc/dracut.conf.d/zz-photon-uki.conf"].text
    assert text.endswith('add_dracutmodules+=" photon-tpm2 systemd-pcrphase "\n')


@pytest.mark.parametrize("db", [KEY, None])
def test_the_owner_signs_image_and_loader(db: SigningKey | None) -> None:
    made = uki_actions(replace(BOOT, owner_keys=OwnerKeys(db=db)), VERSION)
    assert made == (MakeUki(kernel_version=VERSION, db=db), SignSystemdBoot(db=db))


def test_starts_are_judged_from_the_first_one_on() -> None:
    (units,) = (each for each in uki_files(BOOT, PLACE) if isinstance(each, SetUnits))
    assert units.state == "enabled"
    assert "systemd-boot-check-no-failures.service" in units.units


def test_the_image_is_on_trial_under_the_name_that_the_script_gives() -> None:
    assert uki_name(VERSION) == f"photon-{VERSION}+3.efi"
    assert "photon-$2+3.efi" in FILES["/usr/sbin/photon-uki"].text


def test_the_loader_changes_neither_a_command_line_nor_keys() -> None:
    lines = loader_conf_text(BOOT).splitlines()
    assert lines == ["timeout 7", "editor no", "console-mode keep", "secure-boot-enroll off"]


def test_each_esp_gets_the_same() -> None:
    esps = esp_places(made_plan(PLANS / "mirror-efi").storage)
    made = uki_esp_actions(BOOT, esps, VERSION)
    assert [each.volume for each in made if isinstance(each, WriteSystemdBoot)] == [
        each.filesystem.volume for each in esps
    ]
    assert (
        len({replace(each, volume="") for each in made if isinstance(each, WriteSystemdBoot)}) == 1
    )


@pytest.mark.parametrize("mode", [BootMode.BIOS, BootMode.DUAL])
def test_bios_does_not_start_it(mode: BootMode) -> None:
    (problem,) = uki_problems(ESPS, mode)
    assert problem.pointer == "/boot/loader"
    assert str(mode) in problem.message


def test_the_usual_esp_has_room() -> None:
    assert uki_problems(ESPS, BootMode.EFI) == ()


def test_two_images_must_fit() -> None:
    (place,) = ESPS
    small = replace(place, partition=replace(place.partition, size=LEAST_ESP - 1))
    enough = replace(place, partition=replace(place.partition, size=LEAST_ESP))
    (problem,) = uki_problems((enough, small), BootMode.EFI)
    assert problem.pointer == "/storage"
    assert "/dev/vda" in problem.message
    assert problem.hint == "make it 132 MiB or larger"
