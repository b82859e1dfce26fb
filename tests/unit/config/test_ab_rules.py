"""What goes together with A/B root filesystems."""

from __future__ import annotations

from typing import Any

import pytest

from installer import api
from installer.config import from_document, to_document
from ks_schema import Document
from tests.engine import kickstart


def with_ab(boot: dict[str, Any] | None = None, **storage: Any) -> dict[str, Any]:
    return kickstart(
        disks={"default": {"serial": "A"}, "second": {"serial": "B"}},
        storage={"ab": True, **storage},
        boot=boot or {},
    )


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        (with_ab(mirror=["second"]), "/storage/mirror"),
        (with_ab(lvm=True), "/storage/lvm"),
        (
            with_ab(encryption={"passphrase": {"plain": "correct horse battery"}}),
            "/storage/encryption",
        ),
        (with_ab(containers={}), "/storage/containers"),
        (with_ab(containers={"disk": "second"}), "/storage/containers"),
        (with_ab(layout="free_space"), "/storage/ab"),
        (with_ab(swap={"kind": "file"}), "/storage/swap/kind"),
        (with_ab({"mode": "bios"}), "/boot/mode"),
        (with_ab({"mode": "dual"}), "/boot/mode"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refused(data: dict[str, Any], pointer: str) -> None:
    (found,) = api.check(data)
    assert found.pointer == pointer
    assert found.hint
    data["storage"]["ab"] = False
    assert api.check(data) == ()


def test_a_custom_layout_names_each_part() -> None:
    found = api.check(with_ab(layout="custom"))
    assert "/storage/ab" in [each.pointer for each in found]


@pytest.mark.parametrize(
    "data",
    [
        with_ab(),
        with_ab({"mode": "efi"}, filesystem="ext4", wipe=["second"]),
        with_ab(swap={"kind": "partition", "size": "1 GiB"}),
        with_ab(swap={"kind": "zram"}, lvm=False, mirror=[]),
    ],
)
def test_allowed_and_written_down_again(data: dict[str, Any]) -> None:
    assert api.check(data) == ()
    config = from_document(Document(data=data))
    assert config.storage.ab
    assert to_document(config)["storage"]["ab"] is True
