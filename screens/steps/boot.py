"""The boot loader: what the firmware is, what the disk starts on, and who may start what."""

from __future__ import annotations

from collections.abc import Iterator

from installer.config.boot import BootMode
from installer.machine.facts import FirmwareMode, SecureBoot
from screens.draft.boot_entries import GIVEN, MADE, boot_mode, in_token, unified
from screens.draft.draft import Draft
from screens.forms import Check, Choice, Form, Item, Note, Option, SecretText, Text, Tone
from screens.steps.firmware import firmware_lines, firmware_text
from screens.steps.step import Step, View

_ABOUT_MENU = """\
The password is needed to edit menu entries, not to boot.
You can also paste a hash from grub-mkpasswd-pbkdf2."""
_ABOUT_EMPTY = "Leave it empty to generate one; it is shown once at the end."
_ORDERS = (
    Option(value="first", label="First", detail=("recommended",)),
    Option(value="after_present", label="After the current first entry"),
    Option(value="network_first", label="After the network entries"),
    Option(value="leave", label="Do not change", detail=("select Photon in the firmware menu",)),
)
_OWNER_KEYS = (
    Option(value="", label="None", detail=("recommended: use Debian's signatures",)),
    Option(value=MADE, label="Generate keys", detail=("stored encrypted on the host",)),
    Option(value=GIVEN, label="Use existing keys", detail=("files, or a PKCS#11 token",)),
)


def form(view: View) -> Form:
    """Say what the firmware is; ask for the mode, the menu, the kernel's arguments, and keys."""
    draft = view.draft
    lines = firmware_lines(view.machine)
    items = (
        Note(text=firmware_text(view.machine)),
        *([Note(text="\n".join(lines), tone=Tone.DIM)] if lines else []),
        Choice(
            id="boot_mode",
            label="Boot firmware",
            value=draft.boot_mode,
            options=_modes(view),
        ),
        Choice(
            id="secure_boot",
            label="Secure Boot",
            value=draft.secure_boot,
            options=_secure_boot_options(view),
        ),
        *_menu(draft),
        *([] if _for_bios(view) else [_order(draft)]),
        *_kernel(draft),
        *([] if _for_bios(view) else [*_owner_keys(draft), *_loader(draft)]),
        *([] if _for_bios(view) or unified(draft) else _machine_owner_key(draft)),
    )
    return Form(items=items)


def _for_bios(view: View) -> bool:
    """The disk will have no EFI boot loader."""
    return boot_mode(view.draft, view.machine) is BootMode.BIOS


def _modes(view: View) -> tuple[Option, ...]:
    mode = view.machine.firmware.mode if view.machine else None
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
        Option(
            value="dual",
            label="EFI and BIOS",
            detail=("works on other machines too",),
            refused="A/B root filesystems need EFI" if view.draft.ab else "",
        ),
    )


def _secure_boot_options(view: View) -> tuple[Option, ...]:
    machine = view.machine
    enforced = machine is not None and machine.firmware.secure_boot is SecureBoot.ENABLED
    refused = "" if enforced else "Secure Boot is off; turn it on in firmware setup first"
    return (
        Option(value="optional", label="Optional", detail=("recommended",)),
        Option(
            value="required",
            label="Required",
            detail=("stop if Secure Boot is off",),
            refused=refused,
        ),
    )


def _menu(draft: Draft) -> Iterator[Item]:
    yield Text(
        id="entry_name",
        label="Name in the menus",
        value=draft.entry_name,
        hint="empty: Photon",
        width=30,
    )
    yield Text(
        id="boot_timeout",
        label="Menu timeout",
        value=draft.boot_timeout,
        hint='like "5 s"; default 3 s; 0: no menu',
        width=10,
    )
    if unified(draft):
        return  # nothing can be edited there
    yield Note(text=_ABOUT_MENU, tone=Tone.DIM)
    yield SecretText(
        id="menu_password",
        label="Menu password",
        value=draft.menu_password,
        kept=bool(draft.menu_hash),
    )
    yield SecretText(id="menu_password_again", label="Confirm", value=draft.menu_password_again)


def _order(draft: Draft) -> Item:
    label = "Boot order"
    return Choice(id="boot_order", label=label, value=draft.boot_order, options=_ORDERS)


def _kernel(draft: Draft) -> Iterator[Item]:
    yield Text(
        id="boot_console",
        label="Serial console",
        value=draft.boot_console,
        hint="like ttyS0,115200; empty: none",
        width=18,
    )
    yield Check(
        id="hardening",
        label="Hardened kernel (KSPP)",
        value=bool(draft.hardening),
        detail=("slower; blocks kernel debugging; containers still work",),
    )
    yield Text(
        id="kernel_arguments",
        label="Kernel arguments",
        value=draft.kernel_arguments,
        hint="empty: none",
    )


def _owner_keys(draft: Draft) -> Iterator[Item]:
    label = "Your own Secure Boot keys"
    yield Choice(id="owner_keys", label=label, value=draft.owner_keys, options=_OWNER_KEYS)
    if not draft.owner_keys:
        return
    if draft.owner_keys == GIVEN:
        yield Text(
            id="db_certificate",
            label="Certificate",
            value=draft.db_certificate,
            hint="a PEM file: its path",
            width=28,
        )
        yield Text(
            id="db_key",
            label="Private key",
            value=draft.db_key,
            hint="its path, or pkcs11:...",
            width=28,
        )
        if in_token(draft):
            yield SecretText(id="token_pin", label="PIN of the token", value=draft.token_pin)
    else:
        yield SecretText(id="owner_passphrase", label="Passphrase", value=draft.owner_passphrase)
        again = draft.owner_passphrase_again
        yield SecretText(id="owner_passphrase_again", label="Confirm", value=again)
        yield Note(text=_ABOUT_EMPTY, tone=Tone.DIM)
    yield Check(
        id="owner_enroll",
        label="Enroll them in this firmware",
        value=bool(draft.owner_enroll),
        detail=("it must be in Setup Mode",),
    )
    yield Check(
        id="owner_microsoft",
        label="Enroll Microsoft's keys too",
        value=bool(draft.owner_microsoft),
        detail=("for plug-in cards and other systems",),
    )
    if not in_token(draft):
        yield Check(
            id="owner_on_host",
            label="Keep the private key on the host",
            value=bool(draft.owner_on_host),
            detail=("it signs its own upgrades",),
        )


def _loader(draft: Draft) -> Iterator[Item]:
    """What starts the kernel; systemd-boot only what the owner has signed."""
    if not draft.owner_keys or draft.boot_mode == "dual":
        return
    reason = "A/B root filesystems need GRUB" if draft.ab else ""
    options = (
        Option(value="", label="GRUB", detail=("recommended",)),
        Option(
            value="systemd_boot",
            label="systemd-boot",
            detail=("initrd and command line are signed as well",),
            refused=reason,
        ),
    )
    yield Choice(id="loader", label="Boot loader", value=draft.loader, options=options)


def _machine_owner_key(draft: Draft) -> Iterator[Item]:
    yield Text(
        id="mok_certificate",
        label="Machine owner key",
        value=draft.mok_certificate,
        hint="a PEM file; empty: none",
        width=28,
    )
    if draft.mok_certificate.strip():
        yield SecretText(id="mok_password", label="One-time password", value=draft.mok_password)
        yield Note(text=_ABOUT_EMPTY, tone=Tone.DIM)


STEP = Step(id="boot", title="Boot loader", form=form)
