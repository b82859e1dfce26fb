"""The step that has shim's MokManager enroll a certificate of the owner's at the next start."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from installer.actions.context import Context
from installer.config.boot_certificate import certificate_name
from installer.errors import CommandFailed, MachineUnfit
from installer.events import Message
from installer.secret import Secret
from installer.secureboot.owner import certificate_der, copy_certificate
from installer.secureboot.variables import EFIVARS
from installer.system.private import private_directory, private_text
from ks_schema import Problem

# What mokutil takes too: MokManager computes it in the firmware, for a password that is used once.
_ROUNDS = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMok:
    """Ask shim, by variables of the firmware, to enroll a certificate; it wants the password then.

    A request that waits already is replaced: its password may be one that nobody knows any more.
    """

    certificate: str
    password: Secret
    weight: float = 0.5

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"ask shim to enroll {certificate_name(self.certificate)} at the next start"

    def check(self, context: Context) -> None:
        """The certificate can be read."""
        if not EFIVARS.is_dir():
            raise CommandFailed("the firmware's variables are not mounted", f"Mount {EFIVARS}.")
        folder = context.work / "mok"
        private_directory(folder)
        context.on_undo(f"remove {folder}", lambda: shutil.rmtree(folder, ignore_errors=True))
        wrong = copy_certificate(context.runner, self.certificate, folder / "mok.pem")
        if wrong:
            hint = "give a certificate (PEM) with an RSA key that is valid now"
            place = "/boot/machine_owner_key/certificate"
            raise MachineUnfit([Problem(pointer=place, message=wrong, hint=hint)])

    def run(self, context: Context) -> None:
        """Queue the request and read it back; it is withdrawn if the installation fails."""
        from passlib.hash import sha512_crypt  # noqa: PLC0415  (slow, and seldom wanted)

        folder, runner = context.work / "mok", context.runner
        certificate, hashed = folder / "mok.der", folder / "password"
        der = certificate_der(folder / "mok.pem")
        certificate.write_bytes(der)
        using: Callable[..., Any] = sha512_crypt.using
        with private_text(hashed) as file:
            file.write(using(rounds=_ROUNDS).hash(self.password.reveal()))
        runner.run(["mokutil", "--revoke-import"])
        said = runner.run(["mokutil", "--import", str(certificate), "--hash-file", str(hashed)])
        context.on_failure(
            "withdraw the certificate that was to be enrolled",
            lambda: context.runner.run(["mokutil", "--revoke-import"]),
        )
        if _fingerprint(der) in runner.run(["mokutil", "--list-new"]):
            return
        if "SKIP" not in said:
            raise CommandFailed("the firmware did not keep the certificate for MokManager")
        name = certificate_name(self.certificate)
        text = f"Shim trusts {name} already: it need not be enrolled."
        context.emit(Message(level="info", text=text))


def _fingerprint(der: bytes) -> str:
    """As mokutil prints it."""
    return hashlib.sha1(der, usedforsecurity=False).digest().hex(":")
