"""The loader systemd_boot: what it needs, and what only GRUB has."""

from __future__ import annotations

from typing import Any

import pytest

from installer.config.boot import BootLoader
from installer.config.read import from_document
from installer.config.write import to_document
from installer.errors import KickstartInvalid
from ks_schema import Document, Problem
from tests.engine import kickstart


def document(boot: dict[str, Any], storage: dict[str, Any]) -> Document:
    return Document(data=kickstart(boot={"loader": "systemd_boot", **boot}, storage=storage))


def problems(boot: dict[str, Any], **storage: Any) -> tuple[Problem, ...]:
    with pytest.raises(KickstartInvalid) as caught:
        from_document(document(boot, storage))
    return caught.value.problems


@pytest.mark.parametrize("boot", [{}, {"mode": "efi"}, {"hardening": "kspp", "timeout": 0}])
def test_it_is_read_and_written(boot: dict[str, Any]) -> None:
    config = from_document(document({"owner_keys": {}, **boot}, {}))
    assert config.boot.loader is BootLoader.SYSTEMD_BOOT
    written = to_document(config)
    assert written["boot"]["loader"] == "systemd_boot"
    assert from_document(Document(data=written)) == config


def test_grub_is_what_nobody_has_to_say() -> None:
    config = from_document(Document(data=kickstart(boot={"loader": "grub", "timeout": 9})))
    assert config.boot.loader is BootLoader.GRUB
    assert "loader" not in to_document(config)["boot"]


@pytest.mark.parametrize("mode", ["bios", "dual"])
def test_it_starts_by_efi_alone(mode: str) -> None:
    found = {each.pointer: each for each in problems({"mode": mode, "owner_keys": {}})}
    assert "EFI alone" in found["/boot/mode"].message


def test_it_starts_nothing_that_the_owner_has_not_signed() -> None:
    (found,) = problems({})
    assert found.pointer == "/boot/loader"
    assert 'add "owner_keys"' in found.hint


@pytest.mark.parametrize(
    ("boot", "storage", "place"),
    [
        ({"menu_password": {"plain": "secret"}}, {}, "/boot/menu_password"),
        ({"machine_owner_key": {"certificate": "/a.pem"}}, {}, "/boot/machine_owner_key"),
        ({}, {"ab": True}, "/storage/ab"),
    ],
)
def test_what_only_grub_has(boot: dict[str, Any], storage: dict[str, Any], place: str) -> None:
    (found,) = problems({"owner_keys": {}, **boot}, **storage)
    assert found.pointer == place
    assert found.hint == 'leave it out, or use the loader "grub"'


def test_others_are_not_known() -> None:
    with pytest.raises(KickstartInvalid) as caught:
        from_document(Document(data=kickstart(boot={"loader": "refind"})))
    assert [each.pointer for each in caught.value.problems] == ["/boot/loader"]
