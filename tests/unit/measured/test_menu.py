"""GRUB's way through the menus, against what a real one has measured."""

from __future__ import annotations

import contextlib
import hashlib
import random

import pytest

from installer.boot.grub.condition import holds
from installer.config.boot import Boot
from installer.measured.menu import GrubStart, start_menu
from installer.measured.prediction import Prediction, UnpredictableError
from installer.plan.boot.loader import BootPlace, esp_grub_cfg_text, grub_cfg_text
from tests.unit.measured.capture import (
    INITRD,
    KERNEL,
    RELEASE,
    ROOT_FILES,
    UUID,
    digests,
    esp,
    root,
)

ESP_MENU, ROOT_MENU = "/EFI/debian/grub.cfg", "/boot/grub/grub.cfg"


def sha256(text: str | bytes) -> bytes:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).digest()


def start(menu: str = "") -> GrubStart:
    """The start by the real menu on the root, or by another."""
    own = {ROOT_MENU: menu.encode()} if menu else {}
    return start_menu(esp(), [root({**ROOT_FILES, **own})], firmware_setup=True)


def test_the_commands_are_those_of_a_real_start() -> None:
    found = start()
    assert [sha256(each) for each in found.commands] == digests(8)


def test_the_files_are_those_of_a_real_start() -> None:
    found = start()
    assert found.files[:3] == digests(9)[:3]
    assert found.files[3:] == [sha256(ROOT_FILES[KERNEL]), sha256(ROOT_FILES[INITRD])]
    assert (found.kernel, found.initrd) == (ROOT_FILES[KERNEL], ROOT_FILES[INITRD])
    options = f"BOOT_IMAGE={found.arguments}".encode("utf-16-le")
    assert sha256(options) == digests(9)[5]


def test_what_the_firmware_answers_is_measured() -> None:
    found = start_menu(esp(), [root()], firmware_setup=False)
    assert "[ 1 = 0 ]" in found.commands
    assert not any(each.startswith("menuentry UEFI") for each in found.commands)


def test_the_installer_own_menu_is_followed() -> None:
    boot = Boot(console="ttyS1,9600", kernel_arguments=("panic=10",))
    place = BootPlace(uuid=UUID, folder="/boot", root_uuid=UUID)
    text = grub_cfg_text(boot, RELEASE, place)
    files = {ESP_MENU: esp_grub_cfg_text(place, boot).encode()}
    volumes = [root({**ROOT_FILES, ROOT_MENU: text.encode()})]
    found = start_menu(esp(files), volumes, firmware_setup=True)
    assert found.files[:3] == [sha256(files[ESP_MENU])] * 2 + [sha256(text)]
    assert found.arguments == (
        f"{KERNEL} root=UUID={UUID} ro rd.retry=60 rd.shell=0 rd.emergency=reboot loglevel=4 "
        "console=tty0 console=ttyS1,9600 panic=10"
    )
    assert found.commands[-3:] == [f"linux {found.arguments}", found.arguments, f"initrd {INITRD}"]
    assert found.commands[-4] == f"echo Loading Linux {RELEASE} ..."
    assert found.commands[-5] == "setparams Photon"


ENTRY = f"menuentry 'Linux' --id it {{\n linux {KERNEL} ro\n}}\n"


def test_the_password_is_a_file_that_is_looked_for_first() -> None:
    menu = "if [ -s $prefix/password.cfg ]; then\n source $prefix/password.cfg\nfi\n" + ENTRY
    password = "password_pbkdf2 root grub.pbkdf2.sha512.1.2.3\n"
    files = {**ROOT_FILES, ROOT_MENU: menu.encode()}
    files["/boot/grub/password.cfg"] = password.encode()
    found = start_menu(esp(), [root(files)], firmware_setup=True)
    assert found.files[3:5] == [sha256(password)] * 2
    assert password.strip() in found.commands


def test_the_default_may_be_a_name_or_a_title() -> None:
    other = f"menuentry Other {{\n linux {KERNEL} other\n}}\n"
    for default in ("it", "Linux", "1"):
        found = start(f'set default="{default}"\n{other}{ENTRY}')
        assert found.arguments == f"{KERNEL} ro"


def test_the_options_of_an_entry_may_be_in_a_variable() -> None:
    options = 'set options="--unrestricted --id"\n'
    entry = ENTRY.replace("--id it", "$options it")
    other = f"menuentry Other {{\n linux {KERNEL} other\n}}\n"
    found = start(f'set default="it"\n{options}{other}{entry}')
    assert found.arguments == f"{KERNEL} ro"
    assert any(
        each.startswith("menuentry Linux --unrestricted --id it {") for each in found.commands
    )


def test_functions_see_their_arguments() -> None:
    menu = 'function mode {\n set gfxpayload="${1}"\n}\nmode text\n' + ENTRY
    assert "set gfxpayload=text" in start(menu).commands


@pytest.mark.parametrize(
    ("menu", "reason"),
    [
        ("load_env\n", "environment"),
        ("set default=9\n" + ENTRY, "default"),
        ("submenu More {\n" + ENTRY + "}\n", "another menu"),
        ("for each in a b; do echo $each; done\n" + ENTRY, "loop"),
        ("loadfont unicode\n" + ENTRY, "loadfont"),
        ("echo 'open\n", "cannot be read"),
        ("true\n", "no kernel"),
        ("source $prefix/gone.cfg\n", "gone.cfg"),
        ("configfile $prefix/grub.cfg\n", "end"),
        ("search --no-floppy --fs-uuid --set=root 0000-1111\n", "0000-1111"),
        (f"menuentry a {{\n linux {KERNEL} 'a b'\n}}\n", "blanks"),
        (f"menuentry a {{\n linux {KERNEL} \u00e4\n}}\n", "blanks"),
        ("function {\n true\n}\n", "form"),
        ("function f {\n" + ENTRY + "}\nf\n", "form"),
        ("if [ a -nt b ]; then true; fi\n", "asks"),
    ],
)
def test_what_is_not_known_is_not_told(menu: str, reason: str) -> None:
    with pytest.raises(UnpredictableError, match=reason):
        start(menu)


def test_a_variable_without_a_value_leaves_no_word() -> None:
    found = start(f"menuentry a {{\n linux {KERNEL} $gone ro\n}}\n")
    assert found.arguments == f"{KERNEL} ro"
    found = start(f"set x='a  b'\nmenuentry a {{\n linux {KERNEL} $x\n}}\n")
    assert found.arguments == f"{KERNEL} a b"


def test_what_is_read_has_an_end() -> None:
    files = {**ROOT_FILES, "/large": bytes(1 << 26)}
    files[ROOT_MENU] = b"if [ -s /large ]; then true; fi\n" * 40 + ENTRY.encode()
    with pytest.raises(UnpredictableError, match="reads far too much"):
        start_menu(esp(), [root(files)], firmware_setup=True)


def test_what_a_menu_says_is_shown_escaped() -> None:
    with pytest.raises(UnpredictableError) as error:
        start_menu(esp({ESP_MENU: b"source /\xff\x1b[2J"}), [root()], firmware_setup=True)
    assert Prediction(value=None, why=str(error.value)).why.count("\\u") == 2


@pytest.mark.parametrize("seed", range(300))
def test_whatever_a_menu_holds_is_followed_or_told(seed: int) -> None:
    chance = random.Random(seed)
    text = bytearray(ROOT_FILES[ROOT_MENU])
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(text))
        text[at : at + chance.randrange(3)] = chance.choice([b"{", b"}", b"'", b'"', b"$", b"\xff"])
    files = {**ROOT_FILES, ROOT_MENU: bytes(text[: chance.choice([len(text), 900, 3000])])}
    with contextlib.suppress(UnpredictableError):
        start_menu(esp(), [root(files)], firmware_setup=True)


def test_an_esp_without_a_menu_is_told() -> None:
    with pytest.raises(UnpredictableError, match=r"/EFI/debian/grub\.cfg"):
        start_menu(esp({}), [root()], firmware_setup=True)


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        ("", True),
        ("a", True),
        ("a = a", True),
        ("a == b", False),
        ("a != b", True),
        ("! a = a", False),
        ("-n a -a -z b", False),
        ("a = b -o a = a", True),
        ("a = a -o a = b", True),
        ("-f yes", True),
        ("-e no -o -f yes", True),
        ("yes -a no", True),
    ],
)
def test_conditions_hold_as_in_grub(condition: str, held: bool) -> None:
    assert holds(condition.split(), lambda _, path: path == "yes") is held
