"""The keyboard of the host's screen, and where another one counts."""

from __future__ import annotations

from collections.abc import Iterator

from installer.config.host_names import host_names
from installer.config.keyboard import Keyboard
from installer.config.kickstart import InstallConfig

# What the kernel has by itself, and what GRUB and MokManager have in any case.
KERNEL_KEYBOARD = Keyboard(layout="us")


def keyboard_text(keyboard: Keyboard) -> str:
    """``/etc/default/keyboard`` (keyboard(5)): Debian's one place for consoles and desktops.

    A layout without Latin letters comes as the second, behind ``us``, as Debian's own installer
    does it: with it alone nobody could type a user's name or a command.
    """
    layout, variant, options = keyboard.layout, keyboard.variant, ""
    if str(keyboard) in host_names().non_latin_keyboards:
        layout, variant, options = f"us,{layout}", f",{variant}", "grp:alt_shift_toggle"
    return (
        f'XKBMODEL="pc105"\nXKBLAYOUT="{layout}"\nXKBVARIANT="{variant}"\n'
        f'XKBOPTIONS="{options}"\nBACKSPACE="guess"\n'
    )


def keyboard_notes(config: InstallConfig) -> Iterator[str]:
    """Which passwords are typed on a US keyboard, where the host has another one."""
    if config.keyboard == KERNEL_KEYBOARD:
        return
    owner = config.boot.machine_owner_key
    asked = {
        "GRUB asks for the menu's password": config.boot.menu_password is not None,
        # One that was drawn is typed the same on most keyboards.
        "MokManager asks for its password": owner is not None and owner.drawn is None,
    }
    for what, so in asked.items():
        if so:
            yield f"{what} with the US layout, not with {config.keyboard}"
