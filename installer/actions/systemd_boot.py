"""Steps that put systemd-boot on the ESPs, with the unified kernel image that it starts.

Both are signed with the owner's key; there is no shim between the firmware and them.
https://www.freedesktop.org/software/systemd/man/latest/systemd-boot.html
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from installer.actions.owner_keys import db_pair
from installer.actions.uki import signed_uki, uki_name
from installer.config.boot import SigningKey
from installer.context import Context
from installer.errors import CommandFailed
from installer.secureboot.owner import sign_program

SYSTEMD_BOOT = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"
LOADER = r"\EFI\systemd\systemd-bootx64.efi"
# By the boot entry, and without one.
LOADER_FILES = ("EFI/systemd/systemd-bootx64.efi", "EFI/BOOT/BOOTX64.EFI")
LOADER_CONF = "loader/loader.conf"
UKI_FOLDER = "EFI/Linux"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignSystemdBoot:
    """Sign a copy of the new host's systemd-boot for the ESPs."""

    db: SigningKey | None
    weight: float = 0.5

    def describe(self) -> str:
        """See :class:`~installer.plan.model.Action`."""
        return "sign systemd-boot with the owner's key"

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Sign it; the signature is verified."""
        program = context.inside(SYSTEMD_BOOT)
        if not program.is_file():
            raise CommandFailed(f"the payload has no {SYSTEMD_BOOT}", "Rebuild it, or use GRUB.")
        target = _signed_loader(context)
        target.parent.mkdir(parents=True, exist_ok=True)
        context.on_undo(f"remove {target}", lambda: target.unlink(missing_ok=True))
        sign_program(context.runner, db_pair(context, self.db), program, target)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteSystemdBoot:
    """Put systemd-boot, its configuration and the kernel image on the ESP, read everything back.

    It is done with mtools, as with GRUB. From here on the disk boots.
    """

    volume: str
    loader_conf: str
    kernel_version: str
    weight: float = 3.0

    def describe(self) -> str:
        """See :class:`~installer.plan.model.Action`."""
        return (
            f"write systemd-boot and the unified kernel image of Linux {self.kernel_version} to "
            f"the ESP on {self.volume}, and read them back"
        )

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Stage the files, copy them over, compare what a fresh read gives."""
        stage, back = context.work / "esp", context.work / "esp-read-back"
        _remove_folders(stage, back)  # what another ESP gave back does not vouch for this one
        context.on_undo("remove the staged ESP", lambda: _remove_folders(stage, back))
        self._stage(context, stage)
        node, tops = context.node(self.volume), sorted(each.name for each in stage.iterdir())
        copy = ["mcopy", "-i", node, "-s", "-n"]
        context.runner.run([*copy, *(str(stage / name) for name in tops), "::/"])
        context.runner.run(["sync", node])
        context.runner.run(["blockdev", "--flushbufs", node])
        back.mkdir(parents=True)
        context.runner.run([*copy, *(f"::/{name}" for name in tops), str(back)])
        wanted, found = _digests(stage), _digests(back)
        _remove_folders(stage, back)  # they are large, and in memory
        if wanted != found:
            names = ", ".join(sorted(name for name in wanted if wanted[name] != found.get(name)))
            raise CommandFailed(
                f"the ESP on {node} gives back other bytes than were written: {names}",
                "The disk is faulty: replace it.",
            )

    def _stage(self, context: Context, stage: Path) -> None:
        loader, image = _signed_loader(context), signed_uki(context, self.kernel_version)
        sources = dict.fromkeys(LOADER_FILES, loader)
        sources[f"{UKI_FOLDER}/{uki_name(self.kernel_version)}"] = image
        for name, source in sources.items():
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            os.link(source, stage / name)  # what is in memory is there once
        (stage / LOADER_CONF).parent.mkdir(parents=True)
        (stage / LOADER_CONF).write_text(self.loader_conf, encoding="utf-8")


def _signed_loader(context: Context) -> Path:
    return context.work / "systemd-boot" / Path(SYSTEMD_BOOT).name


def _digests(folder: Path) -> dict[str, str]:
    return {
        # FAT keeps names without regard to case.
        str(path.relative_to(folder)).lower(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _remove_folders(*folders: Path) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
