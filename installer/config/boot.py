"""What was asked for of the boot loader, and of who decides what may boot."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from installer.config.codecs import Certificate, WholeSeconds
from installer.config.password import Password
from installer.config.words import DRAWN
from installer.secret import Secret

ENTRY_NAME = "Photon"
TIMEOUT_SECONDS = 3
# How the name of a key in a token begins (RFC 7512).
PKCS11 = "pkcs11:"


class BootMode(StrEnum):
    """Which firmware the disk must start on."""

    EFI = "efi"
    BIOS = "bios"
    DUAL = "dual"


class BootOrder(StrEnum):
    """Where the new entry comes among those that the firmware has.

    ``first``: before all others; ``after_present``: behind the one that is first now; ``leave``:
    the order stays as it is, the entry is only there to be chosen; ``network_first``: behind the
    firmware's entries for the network, which come first.
    """

    FIRST = "first"
    AFTER_PRESENT = "after_present"
    LEAVE = "leave"
    NETWORK_FIRST = "network_first"


class BootLoader(StrEnum):
    """What starts the kernel; ``systemd_boot`` starts unified images that the owner has signed."""

    GRUB = "grub"
    SYSTEMD_BOOT = "systemd_boot"


class SecureBootDemand(StrEnum):
    """``required`` refuses a machine whose firmware does not enforce Secure Boot."""

    OPTIONAL = "optional"
    REQUIRED = "required"


class Hardening(StrEnum):
    """A named set of kernel arguments; ``none`` is Debian's kernel as it comes."""

    NONE = "none"
    KSPP = "kspp"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A certificate and the private key that belongs to it.

    ``certificate`` is the path of a PEM file, or the PEM text itself; ``key`` is the path of a PEM
    file, or a PKCS#11 URI (``pkcs11:...``) with ``pin`` where its token asks for one.
    """

    certificate: Certificate
    key: str
    pin: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerKeys:
    """The owner's own Secure Boot keys, which sign what the host starts.

    ``db`` signs; None: one is made on the spot, and so are PK and KEK wherever they are needed.
    What is made is handed over encrypted with ``passphrase``, or with the one that was ``drawn``
    because none was said. ``enroll`` writes them to the firmware, which must be in Setup Mode, with
    Microsoft's beside them if ``microsoft``. ``on_host`` leaves db's private key in the host, so
    that it can sign its own upgrades; None: unless it is in a token.
    """

    db: SigningKey | None = None
    passphrase: Secret | None = None
    drawn: Annotated[Secret | None, DRAWN] = None
    enroll: bool = True
    microsoft: bool = True
    on_host: bool | None = None

    @property
    def stays_on_host(self) -> bool:
        """Whether db's private key is left in the host: one in a token cannot be copied."""
        if self.on_host is None:
            return self.db is None or not self.db.key.startswith(PKCS11)
        return self.on_host

    @property
    def made(self) -> tuple[str, ...]:
        """The keys that are made: an owner with a db alone needs the others to enroll it."""
        if self.db is None:
            return ("PK", "KEK", "db")
        return ("PK", "KEK") if self.enroll else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineOwnerKey:
    """A certificate that shim's MokManager enrolls at the next start.

    ``certificate`` is the path of a PEM file, or the PEM text itself. MokManager asks for
    ``password`` then, or for the one that was ``drawn`` because none was said.
    """

    certificate: Certificate
    password: Secret | None = None
    drawn: Annotated[Secret | None, DRAWN] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """The boot loader. ``console`` is a serial console like ``ttyS0,115200``.

    ``timeout`` is how many seconds the menu waits; ``menu_password`` is what it asks for before
    it lets anybody change an entry (hashed: GRUB's own PBKDF2 form), None: nothing.
    """

    mode: BootMode | None = None
    loader: BootLoader = BootLoader.GRUB
    secure_boot: SecureBootDemand = SecureBootDemand.OPTIONAL
    entry_name: str = ENTRY_NAME
    order: BootOrder = BootOrder.FIRST
    timeout: WholeSeconds = TIMEOUT_SECONDS
    menu_password: Password | None = None
    kernel_arguments: tuple[str, ...] = ()
    hardening: Hardening = Hardening.NONE
    console: str | None = None
    owner_keys: OwnerKeys | None = None
    machine_owner_key: MachineOwnerKey | None = None

    @property
    def requires_secure_boot(self) -> bool:
        """Whether the firmware must enforce Secure Boot."""
        return self.secure_boot is SecureBootDemand.REQUIRED
