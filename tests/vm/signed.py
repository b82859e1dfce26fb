"""Kickstarts for hosts that start what their owner signed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.vm.case import Case
from tests.vm.variables import OwnKey


def kickstart_signed_by(case: Case, owner: OwnKey) -> Path:
    """The case's kickstart with a key that is not enrolled, for EFI."""
    document = json.loads((case.source / "kickstart.json").read_text("utf-8"))
    db = {"certificate": str(owner.certificate), "key": str(owner.key)}
    document["boot"] |= {"mode": "efi", "owner_keys": {"db": db, "enroll": False}}
    path = case.work / "kickstart.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
