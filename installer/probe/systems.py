"""Which operating system a partition holds, by what can be told without mounting it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

_WINDOWS_RESERVED = "e3c9e316-0b5c-4db8-817d-f92df00215ae"
_WINDOWS_RECOVERY = "de94bba4-06d1-4d40-a16a-bfd50179d6ac"
# https://uapi-group.org/specifications/specs/discoverable_partitions_specification/
_LINUX_ROOTS = {
    "4f68bce3-e8cd-4db1-96e7-fbcaf984b709",  # x86-64
    "b921b045-1df0-41c3-af44-4c6f280d3fae",  # arm64
    "44479540-f297-41b2-9af7-d131d5f0458a",  # x86
}
_LINUX_FILESYSTEMS = {"ext4", "ext3", "btrfs", "xfs", "f2fs"}
_LINUX_LABELS = {
    "cloudimg-rootfs": "Ubuntu",
    "fedora": "Fedora",
    "photon-root": "Photon",
    "root": "Linux",
    "rootfs": "Linux",
}


def operating_system(
    *, type_guid: str, filesystem: str, label: str, other_types: AbstractSet[str]
) -> str:
    """The system's name for people, "" when nothing hints at one.

    ``other_types`` are the types of all partitions of the disk, in lower case.
    """
    match filesystem:
        case "BitLocker":
            return "Windows (BitLocker)"
        case "ntfs" if type_guid == _WINDOWS_RECOVERY:
            return "Windows recovery"
        case "ntfs" if _WINDOWS_RESERVED in other_types or label == "Windows":
            return "Windows"
        case "apfs" | "hfsplus":
            return "macOS"
        case known if known in _LINUX_FILESYSTEMS:
            return _LINUX_LABELS.get(label, "Linux" if type_guid in _LINUX_ROOTS else "")
        case _:
            return ""
