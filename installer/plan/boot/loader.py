"""The texts of the boot loader: kernel command line, grub.cfg, what later updates start from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from installer.actions.action import Action
from installer.actions.host.files import WriteFile
from installer.boot.layout import DEBIAN
from installer.config.boot import Boot, BootLoader
from installer.machine.facts import Machine
from installer.plan.boot.hardening import hardening_arguments
from installer.plan.boot.menu_password import PRINT_SCRIPT, lock_text, unlock_text
from installer.plan.storage import texts
from installer.plan.storage.model import StoragePlan
from ks_schema.problem import Problem

# Errors only: what the kernel has to tell would bury the prompts for passphrase and login. It is
# all in the journal.
_FEW_MESSAGES = "loglevel=4"
# When the root does not come within a minute, dracut.cmdline(7) says so and restarts the machine.
# Its shell would ask for root's password, which the initrd does not know.
_NO_ROOT_ARGUMENTS = ("rd.retry=60", "rd.shell=0", "rd.emergency=reboot")
# A slot or a unified kernel image restarts after the kernel's panic, too: the other one gets its
# turn.
_PANIC = "panic=30"

# COMMAND_LINE_SIZE of x86, with the NUL; GRUB puts the kernel's path in front, and the entry for
# rescue its target behind.
_LONGEST_COMMAND_LINE = 2047
_ADDED_BY_GRUB = 128

# GRUB takes what to fall back to by number alone, so this is the first entry of a slot's menu.
OTHER_SLOT = f"""\
# When no kernel of this slot can be loaded, the other slot has its turn; then the machine restarts.
set fallback=0
menuentry 'The other slot' --id photon-other --unrestricted {{
  if [ -n "$photon_other" ]; then
    search.fs_uuid $photon_other root
    set photon_other=
    set prefix=($root){DEBIAN.grub_path}
    configfile $prefix/{DEBIAN.menu}
  fi
  sleep --interruptible 30
  reboot
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BootPlace:
    """Where the boot loader finds the kernel, and the kernel the root.

    ``folder`` is ``/boot`` as seen from the top of the filesystem ``uuid``: ``/boot``, "" when it
    is a filesystem of its own. ``root_flags`` name a subvolume; ``arguments`` are what the
    initramfs needs to find the root. ``slot`` is the name of one of two systems, "" for the only
    one; what chooses between two has waited for a key already. ``firmware_serial`` is whether EFI
    firmware serves the serial line, or may do so.
    """

    uuid: str
    folder: str
    root_uuid: str
    root_flags: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    slot: str = ""
    firmware_serial: bool = True


def boot_place(storage: StoragePlan, machine: Machine, slot: str = "") -> BootPlace:
    """Where the boot loader finds the kernel of this layout."""
    return BootPlace(
        uuid=storage.boot.uuid,
        folder=texts.boot_folder(storage),
        root_uuid=storage.root.uuid,
        root_flags=texts.root_flags(storage),
        arguments=texts.storage_arguments(storage),
        slot=slot,
        firmware_serial=machine.firmware.serial_console,
    )


def command_line_problems(
    boot: Boot, storage: StoragePlan, machine: Machine
) -> tuple[Problem, ...]:
    """A command line that is too long: the kernel would take its beginning and say nothing."""
    length = len(kernel_command_line(boot, boot_place(storage, machine, "a"))) + _ADDED_BY_GRUB
    if length <= _LONGEST_COMMAND_LINE:
        return ()
    message = f"the kernel's command line would have {length} characters, and it takes "
    return (
        Problem(
            pointer="/boot/kernel_arguments",
            message=f"{message}{_LONGEST_COMMAND_LINE}",
            hint="leave some out",
        ),
    )


def kernel_command_line(boot: Boot, place: BootPlace) -> str:
    """The whole command line of the installed kernel."""
    root = (f"root=UUID={place.root_uuid}", "ro", *place.root_flags)
    return " ".join([*root, *_own_arguments(boot, place)])


def _own_arguments(boot: Boot, place: BootPlace) -> tuple[str, ...]:
    slot = (f"photon.slot={place.slot}",) if place.slot else ()
    counted = place.slot or boot.loader is BootLoader.SYSTEMD_BOOT
    restart = (*((_PANIC,) if counted else ()), *_NO_ROOT_ARGUMENTS)
    hardening = hardening_arguments(boot.hardening)
    # The kernel goes by the last of two that contradict each other: what was said word by word.
    said = boot.kernel_arguments
    return (
        *restart,
        *place.arguments,
        *slot,
        _FEW_MESSAGES,
        *console_arguments(boot),
        *hardening,
        *said,
    )


def console_arguments(boot: Boot) -> tuple[str, ...]:
    """The screen, and the serial console if there is one; the last named gets the boot messages."""
    return ("console=tty0", f"console={boot.console}") if boot.console else ()


def grub_cfg_text(boot: Boot, kernel_version: str, place: BootPlace) -> str:
    """The first boot menu; the host's own update-grub writes the ones after it."""
    command_line = kernel_command_line(boot, place)
    kernel, initrd = DEBIAN.kernel_name(kernel_version), DEBIAN.initrd_name(kernel_version)
    rescue = f"{boot.entry_name} (rescue: only what is needed to log in)"
    return f"""\
# Written by photon-installer; update-grub rewrites it with each kernel.
{lock_text(boot)}{unlock_text(boot)}\
insmod part_gpt
set default={_default_entry(place)}
{waiting_text(_seconds(boot, place), hidden=bool(place.slot))}\
{terminal_text(boot, place)}\
search --no-floppy --fs-uuid --set=root {place.uuid}
{OTHER_SLOT if place.slot else ""}\
menuentry '{boot.entry_name}' --class photon --id photon --unrestricted {{
  echo 'Loading Linux {kernel_version} ...'
  linux {place.folder}/{kernel} {command_line}
  initrd {place.folder}/{initrd}
}}
menuentry '{rescue}' --class photon --id photon-rescue {{
  linux {place.folder}/{kernel} {command_line} systemd.unit=rescue.target
  initrd {place.folder}/{initrd}
}}
"""


def esp_grub_cfg_text(place: BootPlace, boot: Boot) -> str:
    """The few lines on the ESP: find /boot, go on with the menu there."""
    return f"""\
{lock_text(boot)}\
search.fs_uuid {place.uuid} root
set prefix=($root)'{place.folder}/{DEBIAN.grub_directory}'
{unlock_text(boot)}\
configfile $prefix/{DEBIAN.menu}
"""


def grub_defaults_text(boot: Boot, place: BootPlace) -> str:
    """What update-grub takes from ``/etc/default/grub.d``, so that its menus equal the first."""
    arguments, seconds = " ".join(_own_arguments(boot, place)), _seconds(boot, place)
    lines = [
        "# Written by photon-installer.",
        "# The first word is the directory on the EFI system partition, which is Debian's.",
        f'GRUB_DISTRIBUTOR="Debian {boot.entry_name}"',
        f"GRUB_TIMEOUT={seconds}",
        *(["GRUB_TIMEOUT_STYLE=hidden"] if place.slot or not seconds else []),
        *([f"GRUB_DEFAULT={_default_entry(place)}"] if place.slot else []),
        'GRUB_CMDLINE_LINUX_DEFAULT=""',
        f'GRUB_CMDLINE_LINUX="{arguments}"',
        "GRUB_DISABLE_OS_PROBER=true",
        "GRUB_TERMINAL=console",
    ]
    return "\n".join(lines) + "\n"


def _default_entry(place: BootPlace) -> int:
    return 1 if place.slot else 0


def _seconds(boot: Boot, place: BootPlace) -> int:
    """How long the menu waits; what chooses between two slots has waited already."""
    return min(boot.timeout, 1) if place.slot else boot.timeout


def waiting_text(seconds: int, *, hidden: bool = False) -> str:
    """How long the menu is shown; hidden, it is shown to whoever presses Esc.

    A menu that does not wait is hidden too: only then does GRUB look for that key at all.
    """
    style = "set timeout_style=hidden\n" if hidden or not seconds else ""
    return f"{style}set timeout={seconds}\n"


def terminal_text(boot: Boot, place: BootPlace) -> str:
    """The serial console besides the screen, if there is one that GRUB can drive.

    Where EFI firmware has its own console on that line, each line would come twice, and each of the
    two would get a part of what is typed.
    """
    if not _has_serial(boot):
        return ""
    serial = _serial(boot.console or "")
    lines = (serial, "terminal_input console serial", "terminal_output console serial")
    if not place.firmware_serial:
        return "".join(f"{line}\n" for line in lines)
    inner = "".join(f"  {line}\n" for line in lines)
    return f'if [ "$grub_platform" = pc ]; then\n{inner}fi\n'


def terminal_actions(boot: Boot, place: BootPlace) -> tuple[Action, ...]:
    """The same in the menus of later update-grubs, whose own setting knows no platform."""
    text = terminal_text(boot, place)
    if not text:
        return ()
    return (WriteFile(path="/etc/grub.d/01_photon_serial", text=PRINT_SCRIPT + text, mode=0o755),)


def _has_serial(boot: Boot) -> bool:
    """Whether the console is one that GRUB can drive; a hypervisor's hvc0 is the kernel's alone."""
    return bool(boot.console and boot.console.startswith("ttyS"))


def _serial(console: str) -> str:
    """GRUB's words for the kernel's ``ttyS0,115200n8``."""
    port, _, options = console.partition(",")
    speed = re.match("[0-9]*", options)
    baud = (speed and speed.group()) or "115200"
    return f"serial --unit={port.removeprefix('ttyS')} --speed={baud}"
