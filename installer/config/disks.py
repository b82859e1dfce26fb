"""Which disks an installation may use, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from installer.config.codecs import Bytes


class Pick(StrEnum):
    """Which of several disks that match."""

    SMALLEST = "smallest"
    LARGEST = "largest"


class Transport(StrEnum):
    """How a disk is attached, in the words of lsblk(8)."""

    NVME = "nvme"
    SATA = "sata"
    ATA = "ata"
    SAS = "sas"
    SCSI = "scsi"
    SPI = "spi"
    USB = "usb"
    VIRTIO = "virtio"
    MMC = "mmc"
    XEN = "xen"
    FC = "fc"
    FCOE = "fcoe"
    ISCSI = "iscsi"
    SBP = "sbp"


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRange:
    """Bytes, both bounds included."""

    min: Bytes | None = None
    max: Bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskMatch:
    """What is true of a disk: everything that is set here.

    Of ``any_of``, unless it is empty, at least one must be true as well. ``model`` and ``path``
    may have shell wildcards.
    """

    serial: str | None = None
    wwn: str | None = None
    model: str | None = None
    transport: Transport | None = None
    size: SizeRange = SizeRange()
    rotational: bool | None = None
    removable: bool | None = None
    path: str | None = None
    any_of: tuple[DiskMatch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSelector:
    """Which disk: by ``device`` (``/dev/sda``, ``/dev/disk/by-id/...``), ``serial`` or ``match``.

    Exactly one of the three is set; it must mean exactly one disk, for a ``match`` after ``pick``.
    """

    name: str
    device: str | None = None
    serial: str | None = None
    match: DiskMatch | None = None
    pick: Pick | None = None
