"""The boot loader: what the firmware is, and what the disk shall start on."""

from __future__ import annotations

from installer.machine import FirmwareMode, Machine, SecureBoot
from screens.forms import Choice, Form, Note, Option, Text
from screens.step import Step, View

_SECURE_BOOT = {
    SecureBoot.ENABLED: "Secure Boot is on: the firmware enforces it",
    SecureBoot.DISABLED: "Secure Boot is off",
    SecureBoot.SETUP: "Secure Boot is in setup mode: it has no keys and enforces nothing",
    SecureBoot.UNSUPPORTED: "it knows no Secure Boot",
}


def form(view: View) -> Form:
    """Say what the firmware is; ask for the boot mode and for the kernel command line."""
    draft = view.draft
    return Form(
        items=(
            Note(text=firmware_text(view.machine)),
            Choice(
                id="boot_mode",
                label="The disk shall start on",
                value=draft.boot_mode,
                options=_modes(view.machine),
            ),
            Choice(
                id="secure_boot",
                label="Secure Boot",
                value=draft.secure_boot,
                options=_secure_boot_options(view.machine),
            ),
            Text(
                id="boot_console",
                label="Serial console",
                value=draft.boot_console,
                hint="like ttyS0,115200; empty: none",
                width=18,
            ),
            Text(
                id="kernel_arguments",
                label="Kernel arguments",
                value=draft.kernel_arguments,
                hint="empty: none",
            ),
        )
    )


def firmware_text(machine: Machine | None) -> str:
    """What the firmware is, in a sentence."""
    if machine is None:
        return "The firmware is not known."
    if machine.firmware.mode is FirmwareMode.BIOS:
        return "This machine started with BIOS firmware (no Secure Boot)."
    state = _SECURE_BOOT[machine.firmware.secure_boot]
    return f"This machine started with EFI firmware; {state}."


def _modes(machine: Machine | None) -> tuple[Option, ...]:
    mode = machine.firmware.mode if machine else None
    other = f"this machine started with {mode.value.upper()} firmware" if mode else ""
    return (
        Option(
            value="",
            label=f"This machine ({mode.value.upper() if mode else 'its firmware'})",
            detail=("recommended",),
        ),
        Option(
            value="efi",
            label="EFI",
            detail=("with the signed boot chain",),
            refused=other if mode is FirmwareMode.BIOS else "",
        ),
        Option(value="bios", label="BIOS", refused=other if mode is FirmwareMode.EFI else ""),
        Option(value="dual", label="EFI and BIOS", detail=("for a disk that moves",)),
    )


def _secure_boot_options(machine: Machine | None) -> tuple[Option, ...]:
    enforced = machine is not None and machine.firmware.secure_boot is SecureBoot.ENABLED
    refused = "" if enforced else "the firmware does not enforce it; turn it on there first"
    return (
        Option(value="optional", label="Works with and without", detail=("recommended",)),
        Option(
            value="required",
            label="Required",
            detail=("refuse to install without",),
            refused=refused,
        ),
    )


STEP = Step(id="boot", title="Boot loader", form=form)
