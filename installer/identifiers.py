"""Identifiers known beforehand: all derived from one seed, so that a plan can be repeated."""

from __future__ import annotations

import hashlib
import uuid


def derived_uuid(seed: str, name: str) -> str:
    """A UUID (version 4 in form) that depends on the seed and on what it is for."""
    digest = hashlib.sha256(f"{seed}\n{name}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def derived_volume_id(seed: str, name: str) -> str:
    """A FAT volume identifier, ``1A2B-3C4D``."""
    digits = derived_uuid(seed, name).replace("-", "")[:8].upper()
    return f"{digits[:4]}-{digits[4:]}"


def derived_machine_id(seed: str) -> str:
    """A machine-id(5)."""
    return derived_uuid(seed, "machine-id").replace("-", "")


def mdadm_uuid(identifier: str) -> str:
    """A UUID as mdadm writes it: ``01234567:89abcdef:01234567:89abcdef``."""
    digits = uuid.UUID(identifier).hex
    return ":".join(digits[start : start + 8] for start in range(0, 32, 8))
