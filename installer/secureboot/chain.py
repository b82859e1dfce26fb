"""Who lets start what: the firmware shim, shim GRUB and the kernels (and MokManager, fallback).

What shim does is in its ``verify_buffer``: https://github.com/rhboot/shim/blob/main/shim.c
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from installer.secureboot.lists import Certificate, Signatures, parse_lists
from installer.secureboot.pe import NotPeError, PeImage, parse_pe
from installer.secureboot.sbat import (
    built_in_level,
    effective_level,
    parse_sbat,
    sbat_date,
    too_old,
)
from installer.secureboot.signature import Signature, SignatureVerifier, signatures_of
from installer.secureboot.trust import Trust

_VENDOR = struct.Struct("<IIII")
_DAMAGED = "Put the file back from its package; should it be bad again, the disk is faulty."
_UPGRADE = "Upgrade shim, GRUB and the kernel: a newer one is not revoked."
_SIGN = "Sign it with a key whose certificate is enrolled, or enroll the signer's certificate."


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Whether a program may start, why (``text``), and what to do if not (``hint``)."""

    good: bool
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """By what a program is judged: lists, each with its name, and the oldest generations.

    ``sbat`` says that a program without generations is refused.
    """

    allowed: tuple[tuple[str, Signatures], ...]
    forbidden: tuple[tuple[str, Signatures], ...]
    level: str = ""
    sbat: bool = True


def firmware_policy(trust: Trust) -> Policy:
    """What the firmware goes by, which knows nothing of generations."""
    return Policy(allowed=(("db", trust.db),), forbidden=(("dbx", trust.dbx),), sbat=False)


def first_policy(trust: Trust, shim: bytes) -> Policy:
    """What the firmware goes by, and then this shim (the file) about itself."""
    try:
        level = _level(trust, parse_pe(shim))
    except NotPeError:
        level = ""
    return replace(firmware_policy(trust), level=level, sbat=True)


def shim_policy(trust: Trust, shim: bytes, *, sbat: bool = True) -> Policy | None:
    """What this shim goes by; None when it is too damaged to say.

    ``sbat`` is False for what GRUB asks it about: a kernel needs no generations.
    """
    try:
        image = parse_pe(shim)
        vendor, revoked = _vendor_lists(image.section(".vendor_cert"))
    except ValueError:
        return None
    return Policy(
        # The running system sees shim's own certificate at the end of the MOK list, too.
        allowed=(("db", trust.db), ("shim", vendor), ("the MOK list", trust.mok)),
        forbidden=(("dbx", trust.dbx), ("the MOK blocklist", trust.mokx), ("shim", revoked)),
        level=_level(trust, image),
        sbat=sbat,
    )


def judge(verifier: SignatureVerifier, policy: Policy, data: bytes) -> Judgement:
    """Whether a program, given as the bytes of its file, may start."""
    try:
        image = parse_pe(data)
    except NotPeError as error:
        return Judgement(good=False, text=str(error), hint=_DAMAGED)
    signatures = signatures_of(image)
    revoked = _forbidden(verifier, policy, image, signatures)
    if revoked or not (allowed := _allowed(verifier, policy, image, signatures)):
        return revoked or _refused(policy, image, signatures)
    return _outdated(policy, image) or allowed


def _forbidden(
    verifier: SignatureVerifier, policy: Policy, image: PeImage, signatures: tuple[Signature, ...]
) -> Judgement | None:
    brought = [each for signature in signatures for each in signature.certificates()]
    for name, listed in policy.forbidden:
        if _has_digest(listed, image):
            text = f"revoked: its digest is in {_revoker(name)}"
            return Judgement(good=False, text=text, hint=_UPGRADE)
        known = {each.der for each in listed.certificates}
        signer = next(
            (each for each in brought if each.der in known or each.to_be_signed in listed.revoked),
            None,
        ) or verifier.voucher(signatures, image, listed.certificates)
        if signer:
            text = f"revoked: {_revoker(name)} has the certificate {signer.name}"
            return Judgement(good=False, text=text, hint=_UPGRADE)
    return None


def _outdated(policy: Policy, image: PeImage) -> Judgement | None:
    section = image.section(".sbat")
    if not section.strip(b"\0"):
        if not policy.sbat:
            return None
        return Judgement(good=False, text="it has no SBAT generations", hint=_UPGRADE)
    try:
        old = too_old(parse_sbat(section), policy.level) if policy.level else ""
    except ValueError as error:
        return Judgement(good=False, text=f"its SBAT cannot be read: {error}", hint=_DAMAGED)
    if not old:
        return None
    text = f"revoked: SBAT {old} since {sbat_date(policy.level)}"
    return Judgement(good=False, text=text, hint=_UPGRADE)


def _allowed(
    verifier: SignatureVerifier, policy: Policy, image: PeImage, signatures: tuple[Signature, ...]
) -> Judgement | None:
    for name, listed in policy.allowed:
        if _has_digest(listed, image):
            return Judgement(good=True, text=f"{name} has its digest")
        if found := verifier.voucher(signatures, image, listed.certificates):
            return Judgement(good=True, text=f"signed, trusted by {name}: {found.name}")
    return None


def _refused(policy: Policy, image: PeImage, signatures: tuple[Signature, ...]) -> Judgement:
    if not signatures:
        return Judgement(good=False, text="it is not signed", hint=_SIGN)
    if not any(each.matches(image) for each in signatures):
        text = "it was changed after it was signed"
        return Judgement(good=False, text=text, hint=_DAMAGED)
    signers = _names(each.certificates()[0] for each in signatures if each.certificates())
    trusted = _names(each for _, listed in policy.allowed for each in listed.certificates)
    text = f"signed by {signers or 'nobody known'}, but trusted are only: {trusted or 'none'}"
    return Judgement(good=False, text=text, hint=_SIGN)


def _has_digest(listed: Signatures, image: PeImage) -> bool:
    algorithms = {algorithm for algorithm, _ in listed.digests}
    return any((each, image.digest(each)) in listed.digests for each in algorithms)


def _level(trust: Trust, shim: PeImage) -> str:
    return effective_level(trust.sbat_level, built_in_level(shim.section(".sbatlevel")))


def _vendor_lists(section: bytes) -> tuple[Signatures, Signatures]:
    """The certificate (or list) that shim was built with, and what it was built to refuse."""
    if not section.strip(b"\0"):
        return Signatures(), Signatures()
    if len(section) < _VENDOR.size:
        raise ValueError("shim's certificates are cut off")
    size, revoked_size, start, revoked_start = _VENDOR.unpack_from(section)
    data = section[start : start + size]
    revoked = section[revoked_start : revoked_start + revoked_size]
    if len(data) != size or len(revoked) != revoked_size:
        raise ValueError("shim's certificates are cut off")
    # A certificate is a DER sequence; a signature list begins with a GUID, none of which does.
    is_certificate = data[:2] == b"\x30\x82"
    vendor = Signatures(certificates=(Certificate(der=data),)) if is_certificate else None
    return vendor or parse_lists(data), parse_lists(revoked)


def _names(certificates: Iterator[Certificate]) -> str:
    return ", ".join(dict.fromkeys(each.name for each in certificates))


def _revoker(name: str) -> str:
    return "shim's own list" if name == "shim" else name
