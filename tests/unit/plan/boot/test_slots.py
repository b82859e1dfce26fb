"""Two systems that take turns: what GRUB and the host are told of them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from installer.actions.boot.esp import WriteEsp
from installer.actions.boot.slot import CopySlot
from installer.actions.host.files import WriteFile
from installer.actions.host.finish import KeepRecord
from installer.actions.storage.filesystem import BindFolder
from installer.plan.boot.slots import environment_text, seen_from_second, slot_roots
from installer.plan.model import InstallPlan
from tests.engine import actions_of, kickstart, plan_for, small_machine
from tests.renew_plans import PLANS, made_plan

PLAN = made_plan(PLANS / "ab-efi")
FILES = {each.path: each for each in actions_of(PLAN) if isinstance(each, WriteFile)}
ESP = next(each for each in actions_of(PLAN) if isinstance(each, WriteEsp))
ROOTS = tuple(each.uuid for each in slot_roots(PLAN.storage))
DIFFERING = ("/etc/fstab", "/etc/default/grub.d/zz-installer.cfg", "/boot/grub/grub.cfg")


def ab_plan(size: int, **storage: Any) -> InstallPlan:
    data = kickstart(storage={"ab": True, **storage})
    return plan_for(data, small_machine("/dev/vda", size=size))


def checked(program: str, *arguments: str | Path) -> None:
    """Run a checker of texts where there is one."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not there")
    done = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_environment_block_is_as_large_as_grub_wants_it() -> None:
    text = environment_text()
    assert len(text.encode()) == 1024
    lines = ["# GRUB Environment Block", "good=a", "trial=", "tries=0"]
    assert text.rstrip("#").splitlines() == lines
    assert ESP.environment == text


@pytest.mark.parametrize("text", [ESP.grub_cfg, FILES["/boot/grub/grub.cfg"].text])
def test_grub_understands_the_menus(text: str, tmp_path: Path) -> None:
    (tmp_path / "grub.cfg").write_text(text, encoding="utf-8")
    checked("grub-script-check", tmp_path / "grub.cfg")


def test_sh_understands_the_script(tmp_path: Path) -> None:
    (tmp_path / "photon-slot").write_text(FILES["/usr/sbin/photon-slot"].text, encoding="utf-8")
    checked("sh", "-n", tmp_path / "photon-slot")
    checked("shellcheck", "--exclude=SC1091", tmp_path / "photon-slot")


def test_what_update_grub_takes_in_is_what_the_first_menu_has(tmp_path: Path) -> None:
    piece = tmp_path / "09_photon_slot"
    piece.write_text(FILES["/etc/grub.d/09_photon_slot"].text, encoding="utf-8")
    said = subprocess.run(["sh", piece], capture_output=True, text=True, check=True).stdout
    menu = FILES["/boot/grub/grub.cfg"].text
    assert said in menu
    # It is the entry to fall back to, so the one to start is the next.
    assert menu.index("'The other slot'") < menu.index("menuentry 'Photon'")
    assert "set default=1\n" in menu
    assert "set fallback=0\n" in said
    assert "GRUB_DEFAULT=1\n" in FILES["/etc/default/grub.d/zz-installer.cfg"].text


@pytest.mark.parametrize("path", DIFFERING)
def test_a_copy_is_made_the_other_slot_by_its_names_alone(path: str) -> None:
    """photon-slot replaces one root's UUID and the slot's name: it must come to the same."""
    first, second = FILES[path].text, FILES[f"/mnt{path}"].text
    assert first.replace(ROOTS[0], ROOTS[1]).replace("slot=a", "slot=b") == second
    assert ROOTS[1] not in first
    assert ROOTS[0] not in second


def test_seen_from_second_the_roots_have_changed_places() -> None:
    second = seen_from_second(PLAN.storage)
    assert second.root.uuid == ROOTS[1]
    assert slot_roots(second)[0].mounts == ()
    assert second.filesystem_at("/data") == PLAN.storage.filesystem_at("/data")


def test_the_copy_has_the_record_and_comes_before_the_disk_starts() -> None:
    kinds = [type(each) for each in actions_of(PLAN)]
    assert kinds.index(KeepRecord) < kinds.index(CopySlot) < kinds.index(WriteEsp)


def test_what_both_slots_share_is_there_when_users_get_their_homes() -> None:
    binds = [each.path for each in actions_of(PLAN) if isinstance(each, BindFolder)]
    assert binds == ["/var/lib/containerd", "/var/lib/docker", "/home"]


@pytest.mark.parametrize(("gib", "slot"), [(8, 3), (40, 10), (4000, 32)])
def test_a_slot_has_a_quarter_of_the_disk_within_bounds(gib: int, slot: int) -> None:
    made = ab_plan(gib << 30).storage
    first, second = slot_roots(made)
    assert first.size == second.size
    assert first.size / (1 << 30) == pytest.approx(slot, abs=0.01)


def test_the_roots_are_of_the_kind_asked_for() -> None:
    made = ab_plan(16 << 30, filesystem="xfs").storage
    assert {each.kind for each in slot_roots(made)} == {"xfs"}
    data = made.filesystem_at("/data")
    assert data is not None
    assert data.kind == "ext4"


def test_a_host_with_one_root_knows_nothing_of_slots() -> None:
    plan = plan_for(kickstart(), small_machine("/dev/vda"))
    texts = [each.text for each in actions_of(plan) if isinstance(each, WriteFile)]
    assert not any("slot" in text for text in texts)
    esp = next(each for each in actions_of(plan) if isinstance(each, WriteEsp))
    assert esp.environment == ""
