from __future__ import annotations

import re

from iso_hooks.menu import ENTRIES, medium_menu, network_menu


def linux_lines(menu: str) -> list[str]:
    return re.findall(r"^\tlinux (.*)$", menu, re.MULTILINE)


def test_the_medium_has_every_entry_by_id() -> None:
    menu = medium_menu("Photon 1")
    ids = re.findall(r"--id (\w+)", menu)
    assert ids == ["install", "serial", "kickstart", "verify", "disk"]
    assert all(line.startswith("/photon/vmlinuz boot=photon ") for line in linux_lines(menu))


def test_the_last_console_is_the_one_of_the_title() -> None:
    consoles = {entry.id: re.findall(r"console=(\w+)", entry.arguments) for entry in ENTRIES}
    assert consoles["install"] == ["ttyS0", "tty0"]
    assert consoles["serial"] == ["tty0", "ttyS0"]


def test_the_network_menu_gives_the_address_to_grub_and_to_the_live_system() -> None:
    menu = network_menu("Photon 1", "http://10.0.2.2:8000/sub/photon")
    assert 'set photon_url="http://10.0.2.2:8000/sub/photon"' in menu
    assert 'set photon_files="(http,10.0.2.2:8000)/sub/photon"' in menu
    assert all("photon.medium=$photon_url " in line for line in linux_lines(menu))


def test_the_network_menu_at_the_root_of_a_server() -> None:
    assert 'set photon_files="(http,10.0.2.2)"' in network_menu("Photon 1", "http://10.0.2.2/")


def test_braces_and_quotes_are_balanced() -> None:
    for menu in (medium_menu("Photon 1"), network_menu("Photon 1", "http://host/photon")):
        assert menu.count("{") == menu.count("}")
        assert menu.count('"') % 2 == 0
