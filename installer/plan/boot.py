"""The texts of the boot loader: kernel command line, grub.cfg, what later updates start from."""

from __future__ import annotations

import re

from installer.config.model import Boot

TIMEOUT_SECONDS = 3


def kernel_command_line(boot: Boot, root_uuid: str) -> str:
    """The whole command line of the installed kernel."""
    root = f"root=UUID={root_uuid}"
    return " ".join([root, "ro", *console_arguments(boot), *boot.kernel_arguments])


def console_arguments(boot: Boot) -> tuple[str, ...]:
    """The screen, and the serial console if there is one; the last named gets the boot messages."""
    return ("console=tty0", f"console={boot.console}") if boot.console else ()


def grub_cfg_text(boot: Boot, kernel_version: str, root_uuid: str, command_line: str) -> str:
    """The first boot menu; the host's own update-grub writes the ones after it.

    ``command_line`` is from :func:`kernel_command_line`.
    """
    return f"""\
# Written by photon-installer; update-grub writes it anew with each kernel.
insmod part_gpt
set default=0
set timeout={TIMEOUT_SECONDS}
{_terminal(boot)}\
search --no-floppy --fs-uuid --set=root {root_uuid}
menuentry 'Photon' --class photon --id photon {{
  echo 'Loading Linux {kernel_version} ...'
  linux /boot/vmlinuz-{kernel_version} {command_line}
  initrd /boot/initrd.img-{kernel_version}
}}
menuentry 'Photon (rescue: only what is needed to log in)' --class photon --id photon-rescue {{
  linux /boot/vmlinuz-{kernel_version} {command_line} systemd.unit=rescue.target
  initrd /boot/initrd.img-{kernel_version}
}}
"""


def esp_grub_cfg_text(root_uuid: str) -> str:
    """The few lines on the ESP: find the root, go on with the menu there."""
    return f"""\
search.fs_uuid {root_uuid} root
set prefix=($root)'/boot/grub'
configfile $prefix/grub.cfg
"""


def grub_defaults_text(boot: Boot) -> str:
    """What update-grub takes from ``/etc/default/grub.d``, so that its menus equal the first."""
    arguments = " ".join([*console_arguments(boot), *boot.kernel_arguments])
    lines = [
        "# Written by photon-installer.",
        f"GRUB_TIMEOUT={TIMEOUT_SECONDS}",
        'GRUB_CMDLINE_LINUX_DEFAULT=""',
        f'GRUB_CMDLINE_LINUX="{arguments}"',
        "GRUB_DISABLE_OS_PROBER=true",
    ]
    if _has_serial(boot):
        lines += [
            'GRUB_TERMINAL="console serial"',
            f'GRUB_SERIAL_COMMAND="{_serial(boot.console or "")}"',
        ]
    else:
        lines += ["GRUB_TERMINAL=console"]
    return "\n".join(lines) + "\n"


def _terminal(boot: Boot) -> str:
    if not _has_serial(boot):
        return ""
    serial = _serial(boot.console or "")
    return f"{serial}\nterminal_input console serial\nterminal_output console serial\n"


def _has_serial(boot: Boot) -> bool:
    """Whether the console is one that GRUB can drive; a hypervisor's hvc0 is the kernel's alone."""
    return bool(boot.console and boot.console.startswith("ttyS"))


def _serial(console: str) -> str:
    """GRUB's words for the kernel's ``ttyS0,115200n8``."""
    port, _, options = console.partition(",")
    speed = re.match("[0-9]*", options)
    baud = (speed and speed.group()) or "115200"
    return f"serial --unit={port.removeprefix('ttyS')} --speed={baud}"
