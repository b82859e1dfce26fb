"""The machine as the planner sees it: plain facts, read by ``probe`` or from a JSON file.

Disks, firmware and controllers say what they like. Each fact escapes in its own texts what a
terminal would obey or not show, so that whatever prints, compares or logs it has the same text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, TypeVar

from ks_schema.wording import printable, quoted

# The type of an EFI system partition: UEFI 2.10, 5.3.3.
ESP_TYPE = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
# The transport of a disk that is an image file.
IMAGE_TRANSPORT = "image"

_Kind = TypeVar("_Kind")
_SIMPLE: dict[str, type] = {"str": str, "int": int, "bool": bool}


class FirmwareMode(StrEnum):
    """How the machine started."""

    EFI = "efi"
    BIOS = "bios"


class SecureBoot(StrEnum):
    """What the firmware says of Secure Boot."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    SETUP = "setup"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True, kw_only=True)
class BootEntry:
    """What the firmware can start (NVRAM). ``number`` is four hexadecimal digits, as in Boot0003.

    ``partition`` is the GUID of the partition that ``loader`` (a path with backslashes) lies on,
    in lower case; both are "" for what is no file on a GPT disk.
    """

    number: str
    label: str
    active: bool = True
    network: bool = False
    partition: str = ""
    loader: str = ""

    def __post_init__(self) -> None:
        _escape_texts(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Firmware:
    """The firmware: its mode, what it lets start, what it starts.

    ``keys`` are the enrolled certificates in words, each after the name of its variable ("db:
    Microsoft Corporation UEFI CA 2011"); ``sbat_level`` is the date of the revocations that shim
    goes by ("" if it has none); ``tpm`` is the TPM's version ("" without one). ``entries`` come in
    the order in which they are tried, then those that are not in it. ``serial_console`` is whether
    EFI firmware has its console on a serial line, as far as that is known.
    """

    mode: FirmwareMode
    secure_boot: SecureBoot = SecureBoot.UNSUPPORTED
    keys: tuple[str, ...] = ()
    sbat_level: str = ""
    tpm: str = ""
    entries: tuple[BootEntry, ...] = ()
    serial_console: bool = True

    def __post_init__(self) -> None:
        _escape_texts(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A partition that exists now. ``start`` and ``size`` are bytes.

    ``minimum`` are the bytes that its filesystem could be shrunk to; 0 when it cannot be shrunk, or
    nobody knows how far.
    """

    path: str
    number: int
    start: int
    size: int
    type_guid: str = ""
    name: str = ""
    filesystem: str = ""
    label: str = ""
    uuid: str = ""
    mounted: tuple[str, ...] = ()
    operating_system: str = ""
    minimum: int = 0

    def __post_init__(self) -> None:
        _escape_texts(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A disk, or an image file that stands for one. Sizes are bytes.

    ``links`` are its other names below ``/dev/disk``; ``in_use`` is the reason why it must not be
    written to ("" when it may be); ``medium`` marks the disk that the installer booted from, and
    ``kickstart`` the one that the kickstart was read from. ``label`` and ``uuid`` are those of the
    ``filesystem`` that is on the whole disk.
    """

    path: str
    size: int
    model: str = ""
    serial: str = ""
    wwn: str = ""
    transport: str = ""
    links: tuple[str, ...] = ()
    logical_sector: int = 512
    physical_sector: int = 512
    rotational: bool = False
    removable: bool = False
    read_only: bool = False
    medium: bool = False
    kickstart: bool = False
    in_use: str = ""
    table: str = ""
    filesystem: str = ""
    label: str = ""
    uuid: str = ""
    partitions: tuple[Partition, ...] = ()

    def __post_init__(self) -> None:
        _escape_texts(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A block device that is no candidate for an installation, and why not."""

    path: str
    reason: str

    def __post_init__(self) -> None:
        _escape_texts(self)


class LayerKind(StrEnum):
    """What lies between disks and filesystems.

    A ``pool`` is whatever is spread over several devices and has not been assembled: a btrfs, a ZFS
    pool, an array of the firmware.
    """

    SWAP = "swap"
    CRYPT = "crypt"
    LVM = "lvm"
    MD = "md"
    POOL = "pool"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is on a device that a layer makes: a filesystem, or a member of another layer."""

    path: str
    filesystem: str
    label: str = ""
    uuid: str = ""

    def __post_init__(self) -> None:
        _escape_texts(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Swap space in use, an encrypted volume, a volume group or an array, on one or more disks.

    ``parents`` are the device nodes that it lies on (disks, partitions, or ``devices`` of another
    layer), ``devices`` those that it makes, with ``contents`` on some of them. Nothing uses the
    disks of one that is not ``active``. The ``name`` of a pool is what kind of pool it is, its
    ``label`` which one.
    """

    kind: LayerKind
    name: str
    label: str = ""
    uuid: str = ""
    active: bool = True
    parents: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    contents: tuple[Content, ...] = ()

    def __post_init__(self) -> None:
        if self.active and self.kind is LayerKind.POOL:
            raise ValueError(f"the pool {self.name} cannot be active")
        _escape_texts(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkInterface:
    """A wired or wireless interface; ``carrier`` says whether a cable is in."""

    name: str
    mac: str
    driver: str = ""
    carrier: bool = False
    addresses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _escape_texts(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Everything about the machine that a plan may depend on. ``memory`` is bytes.

    ``virtualization`` is what systemd-detect-virt prints ("none" on bare metal).
    """

    firmware: Firmware
    memory: int
    cpus: int = 1
    architecture: str = "x86_64"
    virtualization: str = "none"
    vendor: str = ""
    product: str = ""
    disks: tuple[Disk, ...] = ()
    interfaces: tuple[NetworkInterface, ...] = ()
    layers: tuple[Layer, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def __post_init__(self) -> None:
        _escape_texts(self)

    def to_json(self) -> dict[str, Any]:
        """Plain data; :func:`machine_from_json` reads it back."""
        data: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return data


def _escape_texts(fact: object) -> None:
    """Escape every text of a new fact, and every text in a tuple of texts."""
    for each in fields(fact):  # type: ignore[arg-type]  # it is a dataclass
        value: Any = getattr(fact, each.name)
        if type(value) is str:
            escaped: Any = printable(value)
        elif type(value) is tuple and value and type(value[0]) is str:
            escaped = tuple(map(printable, value))
        else:
            continue
        if escaped != value:
            object.__setattr__(fact, each.name, escaped)  # it is not shared yet


def machine_from_json(data: Mapping[str, Any]) -> Machine:
    """The machine that :meth:`Machine.to_json` wrote.

    :raises ValueError: a field is missing, unknown or has no such value.
    """
    try:
        return _checked(
            Machine,
            {
                **data,
                "firmware": _firmware(data["firmware"]),
                "disks": tuple(_disk(disk) for disk in data.get("disks", ())),
                "interfaces": tuple(
                    _checked(NetworkInterface, {**each, "addresses": _texts(each, "addresses")})
                    for each in data.get("interfaces", ())
                ),
                "layers": tuple(_layer(each) for each in data.get("layers", ())),
                "left_out": tuple(_checked(LeftOut, each) for each in data.get("left_out", ())),
            },
        )
    except KeyError as error:
        raise ValueError(f"not a machine description: it has no {error}") from error
    except (TypeError, AttributeError) as error:
        raise ValueError(f"not a machine description: {error}") from error


def _firmware(data: Mapping[str, Any]) -> Firmware:
    return _checked(
        Firmware,
        {
            **data,
            "mode": FirmwareMode(data["mode"]),
            "secure_boot": SecureBoot(data.get("secure_boot", "unsupported")),
            "keys": _texts(data, "keys"),
            "entries": tuple(_checked(BootEntry, each) for each in data.get("entries", ())),
        },
    )


def _disk(data: Mapping[str, Any]) -> Disk:
    partitions = tuple(
        _checked(Partition, {**each, "mounted": _texts(each, "mounted")})
        for each in data.get("partitions", ())
    )
    return _checked(Disk, {**data, "links": _texts(data, "links"), "partitions": partitions})


def _layer(data: Mapping[str, Any]) -> Layer:
    parents, devices = _texts(data, "parents"), _texts(data, "devices")
    kind = LayerKind(data["kind"])
    contents = tuple(_checked(Content, each) for each in data.get("contents", ()))
    read = {"kind": kind, "parents": parents, "devices": devices, "contents": contents}
    return _checked(Layer, {**data, **read})


def _texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    texts = data.get(name, ())
    if not isinstance(texts, list | tuple) or not all(isinstance(each, str) for each in texts):
        raise TypeError(f"{name} is {quoted(texts)}")
    return tuple(texts)


def _checked(kind: type[_Kind], data: Mapping[str, Any]) -> _Kind:
    """The dataclass, when every simple field has a value of its own type."""
    made = kind(**data)
    for each in fields(made):  # type: ignore[arg-type]  # it is a dataclass
        value: Any = getattr(made, each.name)
        expected = _SIMPLE.get(str(each.type))
        if expected and (type(value) is not expected or (type(value) is int and value < 0)):
            raise TypeError(f"{each.name} is {quoted(value)}")
    return made
