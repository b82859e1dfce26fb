"""Two systems that take turns: slot a is installed, slot b is a copy, GRUB chooses.

GRUB keeps which slot is good, and which is on trial for how many starts, in its environment block
on the ESP (https://www.gnu.org/software/grub/manual/grub/grub.html#Environment-block). Each start
of a trial is counted before it begins; what runs well declares itself good (``photon-slot``).
"""

from __future__ import annotations

from dataclasses import replace
from importlib import resources

from installer.actions.action import Action
from installer.actions.boot.menu_password import PASSWORD_FILE
from installer.actions.boot.slot import CopySlot
from installer.actions.host.files import WriteFile
from installer.actions.host.services import SetUnits
from installer.actions.storage.filesystem import MountFilesystem
from installer.boot.layout import DEBIAN
from installer.config.boot import Boot
from installer.config.storage import Swap
from installer.plan.boot.loader import (
    OTHER_SLOT,
    BootPlace,
    grub_cfg_text,
    grub_defaults_text,
    terminal_text,
    waiting_text,
)
from installer.plan.boot.menu_password import PRINT_SCRIPT, lock_text
from installer.plan.storage.guided import SLOT_VOLUMES
from installer.plan.storage.model import PlannedFilesystem, StoragePlan
from installer.plan.storage.texts import fstab_text, mount_options

SECOND_ROOT = "/mnt"  # where it is mounted while it is made
_UNITS = (
    "photon-slot-deadline.timer",
    "photon-slot-good.service",
    "systemd-boot-check-no-failures.service",
)
_FILES = {
    "photon-slot": ("/usr/sbin/photon-slot", 0o755),
    "photon-slot.apt": ("/etc/apt/apt.conf.d/90photon-slot", 0o644),
    **{
        name: (f"/etc/systemd/system/{name}", 0o644)
        for name in (
            "photon-slot-deadline.service",
            "photon-slot-deadline.timer",
            "photon-slot-good.service",
        )
    },
}
_ENVIRONMENT_SIZE = 1024
# In front of the names of the slots and their filesystems.
_CHOICE = """\
# Written by photon-installer; photon-slot puts it back. What is good, and what is on trial, is in
# grubenv beside it.
set good=a
set trial=
set tries=0
load_env --file $prefix/grubenv good trial tries
if [ "$good" != b ]; then
  set good=a
fi
set slot=$good
if [ "$trial" = a -o "$trial" = b ]; then
  set chosen=$trial
  if [ "$tries" = 3 ]; then
    set tries=2
  elif [ "$tries" = 2 ]; then
    set tries=1
  elif [ "$tries" = 1 ]; then
    set tries=0
  else
    set chosen=$good
    set trial=
    set tries=0
  fi
  # A trial that cannot be counted would have no end.
  if save_env --file $prefix/grubenv trial tries; then
    set slot=$chosen
  fi
fi
if [ "$slot" = b ]; then
  set default=slot-b
  set fallback="0 2"
else
  set default=slot-a
  set fallback="1 2"
fi
"""
_UNLOCK = """\
if search.fs_uuid {uuid} photon_root; then
  if [ -s ($photon_root){password} ]; then
    source ($photon_root){password}
  fi
fi
"""
_RESTART = """\
menuentry 'Restart' --id restart --unrestricted {
  sleep --interruptible 30
  reboot
}
"""


def slot_roots(storage: StoragePlan) -> tuple[PlannedFilesystem, PlannedFilesystem]:
    """The root of slot a, and that of slot b."""
    first, second = (
        next(each for each in storage.filesystems if each.volume == f"partition/{name}")
        for name in SLOT_VOLUMES
    )
    return first, second


def seen_from_second(storage: StoragePlan) -> StoragePlan:
    """The same disk when slot b is the root."""
    first, second = slot_roots(storage)
    mounts = {first.volume: (), second.volume: first.mounts}
    return replace(
        storage,
        filesystems=tuple(
            replace(each, mounts=mounts.get(each.volume, each.mounts))
            for each in storage.filesystems
        ),
    )


def slot_menu_text(boot: Boot, storage: StoragePlan, place: BootPlace) -> str:
    """The grub.cfg of the ESP: choose a slot, go on with the menu there."""
    first, second = (each.uuid for each in slot_roots(storage))
    return (
        f"{lock_text(boot)}{_unlock_text(boot, first, second)}"
        f"{_CHOICE}{waiting_text(boot.timeout)}{terminal_text(boot, place)}"
        f"{_entry_text(boot, 'a', first, second)}{_entry_text(boot, 'b', second, first)}{_RESTART}"
    )


def _unlock_text(boot: Boot, *roots: str) -> str:
    """The menu's password, from whichever slot has it."""
    if not boot.menu_password:
        return ""
    return "".join(_UNLOCK.format(uuid=uuid, password=PASSWORD_FILE) for uuid in roots)


def environment_text() -> str:
    """The first environment block: slot a is good, nothing is on trial."""
    head = "# GRUB Environment Block\n"
    return f"{head}good=a\ntrial=\ntries=0\n".ljust(_ENVIRONMENT_SIZE, "#")


def slot_files(boot: Boot, storage: StoragePlan, place: BootPlace) -> tuple[Action, ...]:
    """What both systems have to know of each other."""
    first, second = (each.uuid for each in slot_roots(storage))
    return (
        *(
            WriteFile(path=path, text=_file_text(name), mode=mode)
            for name, (path, mode) in _FILES.items()
        ),
        WriteFile(path="/etc/grub.d/09_photon_slot", text=PRINT_SCRIPT + OTHER_SLOT, mode=0o755),
        WriteFile(path="/etc/photon-slot/roots", text=f"root_a={first}\nroot_b={second}\n"),
        WriteFile(path="/etc/photon-slot/grub.cfg", text=slot_menu_text(boot, storage, place)),
        SetUnits(state="enabled", units=_UNITS),
    )


def second_slot_actions(
    boot: Boot, place: BootPlace, kernel_version: str, storage: StoragePlan, swap: Swap
) -> tuple[Action, ...]:
    """Copy the whole system, then write what is not the same; both are as slot b has them."""
    root = storage.root
    options = ",".join(mount_options(root.mounts[0]))
    differing = {
        "/etc/fstab": (fstab_text(storage, swap), 0o644),
        "/etc/default/grub.d/zz-installer.cfg": (grub_defaults_text(boot, place), 0o644),
        DEBIAN.menu_path: (grub_cfg_text(boot, kernel_version, place), 0o600),
    }
    return (
        MountFilesystem(volume=root.volume, kind=root.kind, path=SECOND_ROOT, options=options),
        CopySlot(path=SECOND_ROOT),
        *(
            WriteFile(path=f"{SECOND_ROOT}{path}", text=text, mode=mode)
            for path, (text, mode) in differing.items()
        ),
    )


def _entry_text(boot: Boot, slot: str, uuid: str, other: str) -> str:
    return f"""\
menuentry '{boot.entry_name}, slot {slot}' --class photon --id slot-{slot} --unrestricted {{
  set photon_other={other}
  export photon_other
  search.fs_uuid {uuid} root
  set prefix=($root){DEBIAN.grub_path}
  configfile $prefix/{DEBIAN.menu}
}}
"""


def _file_text(name: str) -> str:
    return resources.files("installer.plan").joinpath("slot_files", name).read_text("utf-8")
