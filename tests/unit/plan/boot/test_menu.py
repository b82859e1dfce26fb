"""The boot menu: its titles, its waiting, its password, and the hardening of what it starts."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from installer.actions.boot.menu_password import PASSWORD_FILE, WriteMenuPassword
from installer.actions.context import Context
from installer.actions.host.files import WriteFile
from installer.config.boot import Boot, Hardening
from installer.config.password import Password
from installer.plan.boot.hardening import KSPP, hardening_arguments
from installer.plan.boot.loader import (
    BootPlace,
    command_line_problems,
    esp_grub_cfg_text,
    grub_cfg_text,
    grub_defaults_text,
    kernel_command_line,
)
from installer.plan.boot.menu_password import password_actions
from installer.plan.boot.slots import slot_menu_text
from installer.plan.model import plain
from installer.secret import Secret
from tests.engine import kickstart, plan_for, small_machine
from tests.recorder import Recorder

UUID = "3f1c2a44-0000-4000-8000-000000000001"
PLACE = BootPlace(uuid=UUID, folder="/boot", root_uuid=UUID)
SLOT = BootPlace(uuid=UUID, folder="/boot", root_uuid=UUID, slot="a")
HASH = f"grub.pbkdf2.sha512.10000.{'A1' * 64}.{'B2' * 64}"
LOCKED = Boot(menu_password=Password(hashed=Secret(HASH)))
STORAGE = plan_for(
    kickstart(disks={"default": {"serial": "PHOTON0"}}, storage={"ab": True}),
    small_machine("/dev/vda"),
).storage


def menus(boot: Boot) -> dict[str, str]:
    """Every menu that an installation writes."""
    return {
        "root": grub_cfg_text(boot, "6.12", PLACE),
        "slot": grub_cfg_text(boot, "6.12", SLOT),
        "ESP": esp_grub_cfg_text(PLACE, boot),
        "choice": slot_menu_text(boot, STORAGE, PLACE),
    }


@pytest.mark.parametrize("name", menus(LOCKED))
def test_a_menu_with_a_password_is_locked_before_anything_else(name: str) -> None:
    text = menus(LOCKED)[name]
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines[:2] == ['set superusers="root"', "export superusers"]
    assert "/password.cfg" in text
    assert HASH not in text
    assert "superusers" not in menus(Boot())[name] + "password"


def test_what_starts_the_host_as_it_is_needs_no_password() -> None:
    for text in menus(LOCKED).values():
        for line in re.findall("^menuentry .*", text, re.MULTILINE):
            assert ("--unrestricted" in line) == ("rescue" not in line), line


@pytest.mark.skipif(not shutil.which("grub-script-check"), reason="GRUB's tools are not here")
@pytest.mark.parametrize("boot", [Boot(), LOCKED, Boot(timeout=0, entry_name="Rack (7)")])
def test_grub_understands_every_menu(boot: Boot) -> None:
    for name, text in menus(boot).items():
        made = subprocess.run(
            ["grub-script-check"],
            input=text, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert made.returncode == 0, (name, made.stderr)


def test_later_menus_are_locked_around_those_of_other_tools() -> None:
    password, *scripts = password_actions(LOCKED)
    assert isinstance(password, WriteMenuPassword)
    printed = {}
    for script in scripts:
        assert isinstance(script, WriteFile)
        assert script.mode == 0o755
        printed[script.path.rpartition("/")[2]] = subprocess.run(
            ["/bin/sh", "-c", script.text.replace('"$0"', "/dev/stdin")],
            input=script.text, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    before, after, end = sorted(printed)
    order = (before, "05_debian_theme", "10_linux", after, "20_linux_xen", "41_custom", end)
    assert list(order) == sorted(order)
    assert printed[before].startswith('set superusers="root"\nexport superusers\n')
    assert printed[before].endswith('menuentry_id_option="--unrestricted --id"\n')
    assert printed[after] == 'menuentry_id_option="--id"\n'
    assert printed[end] == 'menuentry_id_option="--unrestricted --id"\n'
    assert password_actions(Boot()) == ()


def test_the_hash_is_for_root_alone(tmp_path: Path) -> None:
    action = password_actions(LOCKED)[0]
    context = Context(
        runner=Recorder(), emit=lambda _: None, target=tmp_path, work=tmp_path / "work", nodes={}
    )
    action.run(context)
    file = tmp_path / PASSWORD_FILE.lstrip("/")
    assert file.read_text() == f"password_pbkdf2 root {HASH}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert HASH not in action.describe() + str(plain(action))


@pytest.mark.parametrize(
    ("seconds", "place", "shown"),
    [
        (0, PLACE, "set timeout_style=hidden\nset timeout=0\n"),
        (5, PLACE, "set timeout=5\n"),
        (5, SLOT, "set timeout_style=hidden\nset timeout=1\n"),
        (0, SLOT, "set timeout_style=hidden\nset timeout=0\n"),
    ],
)
def test_how_long_the_menu_waits(seconds: int, place: BootPlace, shown: str) -> None:
    boot = Boot(timeout=seconds)
    first, later = grub_cfg_text(boot, "6.12", place), grub_defaults_text(boot, place)
    assert shown in first
    waited = shown.rpartition("=")[2]
    assert f"\nGRUB_TIMEOUT={waited}" in later
    hidden = "hidden" in shown
    assert ("timeout_style" in first, "GRUB_TIMEOUT_STYLE=hidden" in later) == (hidden, hidden)


def test_the_choice_of_two_slots_waits_as_long_as_was_said() -> None:
    assert "set timeout=7\n" in slot_menu_text(Boot(timeout=7), STORAGE, PLACE)
    assert "hidden\nset timeout=0\n" in slot_menu_text(Boot(timeout=0), STORAGE, PLACE)


def test_the_menus_have_the_name_of_the_entry() -> None:
    boot = Boot(entry_name="Rack 7")
    assert "menuentry 'Rack 7' " in grub_cfg_text(boot, "6.12", PLACE)
    # The first word is that of the folder on the ESP, which is Debian's.
    assert 'GRUB_DISTRIBUTOR="Debian Rack 7"\n' in grub_defaults_text(boot, PLACE)
    assert "menuentry 'Rack 7, slot b' " in slot_menu_text(boot, STORAGE, PLACE)


def test_own_arguments_come_after_those_of_the_profile() -> None:
    boot = Boot(hardening=Hardening.KSPP, kernel_arguments=("lockdown=none", "quiet"))
    words = kernel_command_line(boot, PLACE).split()
    hardening = hardening_arguments(Hardening.KSPP)
    assert words[words.index(hardening[0]) :] == [*hardening, "lockdown=none", "quiet"]
    assert hardening_arguments(Hardening.NONE) == ()


def test_an_argument_of_the_profile_can_be_written_down() -> None:
    names = [each.argument.partition("=")[0] for each in KSPP]
    assert len(names) == len(set(names))
    for each in KSPP:
        assert re.fullmatch("[a-z0-9_.,=]+", each.argument)
        assert each.effect
        assert each.cost


def test_a_command_line_that_the_kernel_would_cut_off_is_refused() -> None:
    on = small_machine("/dev/vda")

    def problems(length: int) -> list[str]:
        boot = Boot(kernel_arguments=tuple(["x" * 99] * length))
        return [each.pointer for each in command_line_problems(boot, STORAGE, on)]

    assert problems(16) == []
    assert problems(20) == ["/boot/kernel_arguments"]
