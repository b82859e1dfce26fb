"""Whom a firmware, and the shim that it starts, trust."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from installer.errors import CommandFailed
from installer.secureboot.lists import Certificate, Signatures, parse_lists
from installer.secureboot.variables import (
    EFIVARS,
    GLOBAL,
    ON,
    SECURITY,
    Variables,
    read_efivars,
    read_store,
    shim_variable,
)

_NONE = Signatures()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Who may sign what starts, and what must not start.

    ``source`` says where this was read; ``enforced`` whether the firmware refuses the rest;
    ``setup`` that it has no platform key yet, so that anybody may enroll one. ``mok`` and ``mokx``
    are the machine owner's lists, which shim goes by; ``sbat_level`` is the firmware's list of
    generations that shim refuses ("" if it has none).
    """

    source: str
    enforced: bool
    setup: bool = False
    pk: Signatures = _NONE
    kek: Signatures = _NONE
    db: Signatures = _NONE
    dbx: Signatures = _NONE
    mok: Signatures = _NONE
    mokx: Signatures = _NONE
    sbat_level: str = ""


def machine_trust(folder: Path = EFIVARS, *, enforced: bool | None = None) -> Trust:
    """What this machine's firmware trusts.

    ``enforced`` overrules what the firmware says now, where the next start is known to differ.

    :raises CommandFailed: a variable does not hold what it should.
    """
    return _trust(read_efivars(folder), source="this machine's firmware", enforced=enforced)


def store_trust(path: Path) -> Trust:
    """What the firmware of a virtual machine trusts that has this variable store.

    :raises CommandFailed: it is none, or a variable does not hold what it should.
    """
    return _trust(read_store(path), source=str(path))


def stock_trust(owner: Path | None = None) -> Trust:
    """What machines trust as they are sold: Microsoft's certificates, and nothing revoked.

    ``owner`` is a certificate (PEM) that its owner has enrolled, or will, besides those.

    :raises CommandFailed: the library that has the certificates is missing.
    """
    source = "stock firmware with Microsoft's certificates"
    stock = _stock()
    if owner is None:
        return Trust(source=source, enforced=True, db=stock)
    own = Certificate(der=_der(owner.read_bytes()))
    db = Signatures(certificates=(*stock.certificates, own))
    return Trust(source=f"{source} and the owner's", enforced=True, db=db)


def _stock() -> Signatures:
    try:
        from virt.firmware.efi import certs  # noqa: PLC0415  (slow)
    except ImportError as error:
        raise CommandFailed(
            "Microsoft's certificates are not at hand", "Install python3-virt-firmware."
        ) from error
    names = [*certs.DISTRO_CA["windows"]["certs"], *certs.DISTRO_CA["ms-uefi"]["certs"]]
    # Version 24.11 gives places, later ones give names.
    texts = [
        certs.load_cert(each) if isinstance(each, str) else each.read_bytes() for each in names
    ]
    return Signatures(certificates=tuple(Certificate(der=_der(text)) for text in texts))


def _trust(found: Variables, *, source: str, enforced: bool | None = None) -> Trust:
    now = found[("SecureBoot", GLOBAL)][:1] == ON
    level = shim_variable(found, "SbatLevel")
    made = Trust(
        source=source,
        enforced=now if enforced is None else enforced,
        setup=found[("SetupMode", GLOBAL)][:1] == ON,
        pk=_lists("PK", found.get(("PK", GLOBAL), b"")),
        kek=_lists("KEK", found.get(("KEK", GLOBAL), b"")),
        db=_lists("db", found.get(("db", SECURITY), b"")),
        dbx=_lists("dbx", found.get(("dbx", SECURITY), b"")),
        mok=_lists("MokList", shim_variable(found, "MokList")),
        mokx=_lists("MokListX", shim_variable(found, "MokListX")),
        sbat_level=level.rstrip(b"\0").decode("ascii", "replace"),
    )
    if made.enforced or made.db != _NONE:
        return made
    # It has no opinion yet: what can be said is what firmware with the usual keys would say.
    return replace(
        made, source=f"{source}, which has no keys; judged by the usual ones", db=_stock()
    )


def _lists(name: str, lists: bytes) -> Signatures:
    try:
        return parse_lists(lists)
    except ValueError as error:
        raise CommandFailed(
            f"the firmware's variable {name}: {error}",
            "Restore the keys in the firmware's setup.",
        ) from error


def _der(text: bytes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415  (slow)
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415

    return load_pem_x509_certificate(text).public_bytes(Encoding.DER)
