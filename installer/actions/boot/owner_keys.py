"""Steps with the owner's own Secure Boot keys: make, sign, hand over, enroll."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from installer.actions.context import Context
from installer.boot.layout import DEBIAN
from installer.config.boot import SigningKey
from installer.config.boot_certificate import certificate_name
from installer.errors import CommandFailed, MachineUnfit
from installer.events import Message
from installer.secret import Secret
from installer.secureboot import enroll
from installer.secureboot.owner import (
    KeyPair,
    copy_certificate,
    key_problem,
    make_pair,
    packed_key,
    sign_program,
)
from installer.system.private import private_directory
from ks_schema import Problem

BOOT_FOLDER = "/etc/photon-boot"
HANDED_OVER = "/var/lib/photon-boot/keys"
_SIGNED = "/var/lib/photon-boot/signed"

_PLACE = "/boot/owner_keys"
NOT_IN_SETUP_MODE = "the firmware is not in Setup Mode, so it takes no keys from here"
ENTER_SETUP_MODE = (
    "delete the platform key (PK) in the firmware's setup, often called Reset to Setup Mode, and "
    'start again; or say "enroll": false if it has the keys already'
)

_LEFT_BEHIND = (
    "The firmware has the owner's keys, and nobody has the private ones that were made: delete the "
    "platform key (PK) in its setup before the next attempt."
)


def signed_copy(context: Context, program: str) -> Path:
    """Where the new host has the copy of a program that the owner has signed.

    photon-boot puts it on the ESPs again when an upgrade has put Debian's own there.
    """
    return context.root.place(f"{_SIGNED}/{Path(program).name.removesuffix('.signed')}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareOwnerKeys:
    """Take the owner's signature key, and make those that are missing, in a private folder.

    ``made`` are the keys that are made: of PK, KEK and db. They are in memory alone, and gone at
    the end. ``host`` is whose keys the new certificates say that they are.
    """

    db: SigningKey | None
    made: tuple[str, ...]
    host: str
    weight: float = 3.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        made = f"make the owner's keys {', '.join(self.made)} (RSA 2048)" if self.made else ""
        if self.db is None:
            return made
        certificate = certificate_name(self.db.certificate)
        taken = f"take the owner's signature key {self.db.key} with {certificate}"
        return f"{taken} and {made}" if made else taken

    def check(self, context: Context) -> None:
        """Something can be signed with the key, and the certificate is one for firmware."""
        if self.db is None:
            return
        folder = _key_folder(context)
        pair = db_pair(context, self.db)
        if wrong := copy_certificate(context.runner, self.db.certificate, pair.certificate):
            hint = "give a certificate (PEM) with an RSA key that is valid now"
            raise _unfit(f"{_PLACE}/db/certificate", wrong, hint)
        if wrong := key_problem(context.runner, pair, folder):
            hint = "name the private key that belongs to the certificate: a PEM file, or a token's"
            raise _unfit(f"{_PLACE}/db/key", wrong, hint)

    def run(self, context: Context) -> None:
        """Make the missing ones."""
        for name in self.made:
            make_pair(context.runner, _key_folder(context), name, self.host)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignBootFiles:
    """Add the owner's signature to every kernel, and to copies of what goes to the ESPs.

    Debian's signatures stay: the firmware needs one that it trusts, and so does shim.
    """

    db: SigningKey | None
    weight: float = 4.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return "sign shim, MokManager, fallback, GRUB and the kernels with the owner's key"

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Sign; each signature is verified."""
        pair, runner = db_pair(context, self.db), context.runner
        context.root.directory(_SIGNED)
        # What the firmware, or shim after it, starts from an ESP.
        for program in DEBIAN.chain:
            source = context.root.followed(program.source)
            sign_program(runner, pair, source, signed_copy(context, program.source))
        found = sorted(context.root.followed(DEBIAN.boot).glob(f"{DEBIAN.kernel}*"))
        kernels = [each for each in found if not each.is_symlink()]
        if not kernels:
            raise CommandFailed(f"{DEBIAN.boot} has no kernel to sign", "Rebuild the payload.")
        for kernel in kernels:
            sign_program(runner, pair, kernel, kernel)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepSigningKey:
    """Leave the signature key's certificate in the host, and the ``private`` key if it may sign."""

    db: SigningKey | None
    private: bool
    weight: float = 0.01

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        if self.private:
            return f"leave the owner's signature key in {BOOT_FOLDER}, to sign upgrades with"
        return f"leave the owner's certificate in {BOOT_FOLDER}, the private key is not left"

    def check(self, context: Context) -> None:
        """The key was looked at when it was taken."""

    def run(self, context: Context) -> None:
        """Copy them."""
        pair = db_pair(context, self.db)
        context.root.write(f"{BOOT_FOLDER}/db.pem", pair.certificate.read_bytes())
        if self.private:
            data = Path(pair.key).read_bytes()
            context.root.write(f"{BOOT_FOLDER}/db.key", data, mode=0o600)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverKeys:
    """Leave the keys that were made in the host, encrypted, with what enrolls them elsewhere.

    ``owner`` is the GUID by which the firmware tells whose a certificate is.
    """

    names: tuple[str, ...]
    passphrase: Secret
    owner: str
    microsoft: bool
    weight: float = 2.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"leave the keys {', '.join(self.names)} in {HANDED_OVER}, encrypted (PKCS#12)"

    def check(self, context: Context) -> None:
        """Nothing to look at before the keys are made."""

    def run(self, context: Context) -> None:
        """Write a PKCS#12 file for each key, and a signed update for each variable."""
        work = _key_folder(context)
        enroll.sign_updates(context.runner, work, self.owner, microsoft=self.microsoft)
        context.root.directory(HANDED_OVER, mode=0o700).chmod(0o700)
        for name in self.names:
            pair, packed = _pair(context, name), work / f"{name}.p12"
            packed_key(context.runner, pair, name, self.passphrase, packed)
            context.root.write(f"{HANDED_OVER}/{packed.name}", packed.read_bytes(), mode=0o600)
        for name in enroll.VARIABLES:
            for kind in ("pem", "auth"):
                file = work / f"{name}.{kind}"
                context.root.write(f"{HANDED_OVER}/{file.name}", file.read_bytes(), mode=0o600)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollOwnerKeys:
    """Write PK, KEK and db to the firmware in Setup Mode, which thereby begins to enforce.

    If it fails before PK, which comes last, the firmware stays in Setup Mode and starts anything.
    """

    microsoft: bool
    weight: float = 1.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        others = (
            "and Microsoft's of 2011 and 2023 (KEK: KEK CA, db: Windows and UEFI CA)"
            if self.microsoft
            else "and no others"
        )
        return (
            f"enroll the owner's certificates as PK, in KEK and in db of the firmware, {others}; "
            "what is there is replaced (dbx stays), Secure Boot is enforced from then on, and the "
            "installer cannot take it back"
        )

    def check(self, context: Context) -> None:
        """The firmware is in Setup Mode."""
        del context
        if not enroll.in_setup_mode():
            raise _unfit(f"{_PLACE}/enroll", NOT_IN_SETUP_MODE, ENTER_SETUP_MODE)
        if self.microsoft:
            enroll.microsoft_certificates("db")

    def run(self, context: Context) -> None:
        """Write them and read them back; say what it means if the installation fails after it."""
        enroll.enroll(context.runner, _key_folder(context))
        warning = Message(level="warning", text=_LEFT_BEHIND)
        context.on_failure("tell of the keys in the firmware", lambda: context.emit(warning))


def _key_folder(context: Context) -> Path:
    """The private folder of the keys; it is removed at the end."""
    folder = context.work / "owner-keys"
    if not folder.is_dir():
        private_directory(folder)
        context.on_undo(f"remove {folder}", lambda: shutil.rmtree(folder, ignore_errors=True))
    return folder


def _pair(context: Context, name: str) -> KeyPair:
    folder = _key_folder(context)
    return KeyPair(certificate=folder / f"{name}.pem", key=str(folder / f"{name}.key"))


def db_pair(context: Context, db: SigningKey | None) -> KeyPair:
    """The signature key: the owner's own with a copy of its certificate, or the one made here."""
    made = _pair(context, "db")
    return made if db is None else KeyPair(certificate=made.certificate, key=db.key, pin=db.pin)


def _unfit(pointer: str, message: str, hint: str) -> MachineUnfit:
    return MachineUnfit([Problem(pointer=pointer, message=message, hint=hint)])
