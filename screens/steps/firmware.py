"""What is known of the firmware, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from installer.machine.facts import BootEntry, FirmwareMode, Machine, SecureBoot

_SECURE_BOOT = {
    SecureBoot.ENABLED: "Secure Boot is on: the firmware enforces it",
    SecureBoot.DISABLED: "Secure Boot is off",
    SecureBoot.SETUP: "Secure Boot is in setup mode: it has no keys and enforces nothing",
    SecureBoot.UNSUPPORTED: "it knows no Secure Boot",
}
_WIDTH = 74
NO_TPM2 = "this machine has no TPM 2.0; it may be off in the firmware's setup"


def has_tpm2(machine: Machine | None) -> bool:
    """The kernel knows a TPM that can open volumes."""
    return machine is not None and machine.firmware.tpm == "2"


def firmware_text(machine: Machine | None) -> str:
    """What the firmware is, in a sentence."""
    if machine is None:
        return "The firmware is not known."
    if machine.firmware.mode is FirmwareMode.BIOS:
        return "This machine started with BIOS firmware (no Secure Boot)."
    state = _SECURE_BOOT[machine.firmware.secure_boot]
    return f"This machine started with EFI firmware; {state}."


def firmware_lines(machine: Machine | None) -> tuple[str, ...]:
    """Its keys, its SBAT level, the TPM, and what it starts: a line each, of one screen's width."""
    if machine is None:
        return ()
    firmware = machine.firmware
    level = f"SBAT level {firmware.sbat_level}" if firmware.sbat_level else ""
    tpm = f"TPM {firmware.tpm}" if firmware.tpm else ""
    entries = [_entry_text(each) for each in firmware.entries]
    lines = (
        *_key_lines(firmware.keys),
        "; ".join(text for text in (level, tpm) if text),
        _line("Boot entries: ", entries) if entries else "",
    )
    return tuple(line for line in lines if line)


def _key_lines(keys: Sequence[str]) -> Iterator[str]:
    """The certificates by the variable that they are in."""
    named: dict[str, list[str]] = {}
    for key in keys:
        variable, _, name = key.partition(": ")
        named.setdefault(variable, []).append(name)
    for variable, names in named.items():
        yield _line(f"{variable}: ", names)


def _entry_text(entry: BootEntry) -> str:
    notes = [*(["network"] if entry.network else []), *([] if entry.active else ["inactive"])]
    return entry.label + (f" ({', '.join(notes)})" if notes else "")


def _line(head: str, names: Sequence[str]) -> str:
    """As many of the names as a line holds, and how many there are beyond them."""
    for shown in range(len(names), 0, -1):
        left = len(names) - shown
        text = head + ", ".join(names[:shown]) + (f" and {left} more" if left else "")
        if len(text) <= _WIDTH:
            return text
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{(head + names[0])[: _WIDTH - 3 - len(more)]}...{more}"
