"""How a kickstart speaks of storage: read into parts, and written down again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from installer.config.storage import (
    Array,
    Containers,
    Encrypted,
    Encryption,
    Filesystem,
    FilesystemKind,
    LayoutKind,
    LayoutParts,
    LogicalVolume,
    Partition,
    Preserved,
    RootFilesystem,
    Size,
    Storage,
    Subvolume,
    Swap,
    SwapKind,
    Table,
    TableKind,
    VolumeGroup,
    VolumeKind,
)
from installer.secret import Secret
from installer.sizes import exact_size, parse_size

SECURE_BOOT_PCR = 7
_REST = "rest"
_WHOLE = Size()

Data = Mapping[str, Any]
# The passphrases by the pointers of the objects that ask for them.
Secrets = Mapping[str, Secret]


def storage(data: Data, secrets: Secrets) -> Storage:
    """The configuration of ``storage``; ``secrets`` has what its passphrases stand for."""
    layout = LayoutKind(data.get("layout", "whole_disk"))
    return Storage(
        layout=layout,
        disk=data.get("disk", "default"),
        wipe=tuple(data.get("wipe", ())),
        filesystem=RootFilesystem(data["filesystem"]) if "filesystem" in data else None,
        swap=_swap(data["swap"]) if "swap" in data else None,
        mirror=tuple(data.get("mirror", ())),
        lvm=data.get("lvm", False),
        encryption=_encryption(data["encryption"], "/storage/encryption", secrets)
        if "encryption" in data
        else None,
        containers=_containers(data["containers"]) if "containers" in data else None,
        ab=data.get("ab", False),
        preserve=tuple(Preserved(each) for each in data.get("preserve", ())),
        parts=_parts(data, secrets) if layout is LayoutKind.CUSTOM else None,
    )


def storage_data(asked: Storage) -> dict[str, Any]:
    """What ``storage`` says to give this configuration; passphrases are to be asked for."""
    containers, encryption, swap = asked.containers, asked.encryption, asked.swap
    return (
        _said(
            layout="" if asked.layout is LayoutKind.WHOLE_DISK else str(asked.layout),
            disk="" if asked.disk == "default" else asked.disk,
            wipe=list(asked.wipe),
            filesystem=asked.filesystem and str(asked.filesystem),
            swap=swap
            and {"kind": str(swap.kind), **_said(size=swap.size and exact_size(swap.size))},
            mirror=list(asked.mirror),
            lvm=asked.lvm,
            ab=asked.ab,
            encryption=encryption and _encryption_data(encryption),
        )
        | ({} if containers is None else {"containers": _containers_data(containers)})
        | _said(preserve=[str(each) for each in asked.preserve])
        | (_custom_data(asked.parts) if asked.parts else {})
    )


def size_of(data: Data) -> Size:
    """The size that ``size``, ``min_size`` and ``max_size`` say together."""
    said = data.get("size", _REST)
    percent = float(said[:-1]) if isinstance(said, str) and said.endswith("%") else None
    return Size(
        fixed=None if percent is not None or said == _REST else parse_size(said),
        percent=percent,
        minimum=parse_size(data.get("min_size", 0)),
        maximum=parse_size(data["max_size"]) if "max_size" in data else None,
    )


def size_data(size: Size) -> dict[str, Any]:
    """``size``, ``min_size`` and ``max_size`` again."""
    percent = None if size.percent is None else f"{size.percent:g}%"
    return _said(
        size=percent or (size.fixed and exact_size(size.fixed)),
        min_size=size.minimum and exact_size(size.minimum),
        max_size=size.maximum and exact_size(size.maximum),
    )


def _said(**values: Any) -> dict[str, Any]:
    """The values that say something: neither None nor empty nor false."""
    return {key: value for key, value in values.items() if value}


def _swap(data: Data) -> Swap:
    size = parse_size(data["size"]) if "size" in data else None
    return Swap(kind=SwapKind(data["kind"]), size=size)


def _encryption(data: Data, pointer: str, secrets: Secrets) -> Encryption:
    pcrs = tuple(data["tpm2"].get("pcrs", (SECURE_BOOT_PCR,))) if "tpm2" in data else None
    return Encryption(
        passphrase=secrets.get(f"{pointer}/passphrase"),
        tpm2_pcrs=pcrs,
        with_recovery_key=data.get("recovery_key", pcrs is not None),
    )


def _encryption_data(encryption: Encryption) -> dict[str, Any]:
    pcrs = encryption.tpm2_pcrs
    usual = pcrs is not None
    return {
        **({"passphrase": {"ask": True}} if encryption.passphrase else {}),
        **({} if pcrs is None else {"tpm2": {} if pcrs == (SECURE_BOOT_PCR,) else _pcrs(pcrs)}),
        **(
            {}
            if encryption.with_recovery_key == usual
            else {"recovery_key": encryption.with_recovery_key}
        ),
    }


def _pcrs(pcrs: tuple[int, ...]) -> dict[str, Any]:
    return {"pcrs": list(pcrs)}


def _containers(data: Data) -> Containers:
    disk = data.get("disk")
    return Containers(
        disk=disk,
        size=size_of(data) if "size" in data else _usual_size(disk),
        filesystem=RootFilesystem(data.get("filesystem", "xfs")),
        preserve=data.get("preserve", False),
    )


def _usual_size(disk: str | None) -> Size:
    """Half of the root's disk, or all of a disk of its own."""
    return Containers().size if disk is None else _WHOLE


def _containers_data(containers: Containers) -> dict[str, Any]:
    size, kind = containers.size, containers.filesystem
    usual = size == _usual_size(containers.disk)
    return _said(
        disk=containers.disk,
        size="" if usual else size_data(size).get("size", _REST),
        filesystem="" if kind is RootFilesystem.XFS else str(kind),
        preserve=containers.preserve,
    )


def _parts(data: Data, secrets: Secrets) -> LayoutParts:
    def each(key: str) -> Any:
        return data.get(key, {}).items()

    return LayoutParts(
        tables=tuple(
            Table(
                disk=disk,
                kind=TableKind(table.get("kind", "gpt")),
                keep=table.get("keep", False),
                delete=tuple(table.get("delete", ())),
            )
            for disk, table in each("tables")
        ),
        partitions=tuple(_partition(name, partition) for name, partition in each("partitions")),
        arrays=tuple(
            Array(
                name=name,
                level=array["level"],
                members=tuple(array["members"]),
                spares=tuple(array.get("spares", ())),
            )
            for name, array in each("arrays")
        ),
        encrypted=tuple(
            Encrypted(
                name=name,
                volume=volume["volume"],
                encryption=_encryption(
                    volume["encryption"], f"/storage/encrypted/{name}/encryption", secrets
                ),
            )
            for name, volume in each("encrypted")
        ),
        volume_groups=tuple(_volume_group(name, group) for name, group in each("volume_groups")),
        filesystems=tuple(_filesystem(volume, made) for volume, made in each("filesystems")),
    )


def _partition(name: str, data: Data) -> Partition:
    kept = "existing" in data and "size" not in data
    return Partition(
        name=name,
        disk=data["disk"],
        size=None if kept else size_of(data),
        type=data.get("type"),
        existing=data.get("existing"),
    )


def _volume_group(name: str, data: Data) -> VolumeGroup:
    return VolumeGroup(
        name=name,
        members=tuple(data["members"]),
        volumes=tuple(
            LogicalVolume(
                name=key,
                size=size_of(volume),
                kind=VolumeKind(volume.get("kind", "linear")),
                pool=volume.get("pool"),
            )
            for key, volume in data.get("volumes", {}).items()
        ),
    )


def _filesystem(volume: str, data: Data) -> Filesystem:
    return Filesystem(
        volume=volume,
        kind=FilesystemKind(data["kind"]) if "kind" in data else None,
        format=data.get("format", True),
        label=data.get("label"),
        mount=data.get("mount"),
        options=tuple(data["options"]) if "options" in data else None,
        make_options=tuple(data.get("make_options", ())),
        subvolumes=tuple(
            Subvolume(name=name, mount=each.get("mount"), options=tuple(each.get("options", ())))
            for name, each in data.get("subvolumes", {}).items()
        ),
        binds=tuple(data.get("binds", {}).items()),
    )


def _custom_data(parts: LayoutParts) -> dict[str, Any]:
    return _said(
        tables={
            table.disk: _said(
                kind="" if table.kind is TableKind.GPT else str(table.kind),
                keep=table.keep,
                delete=list(table.delete),
            )
            for table in parts.tables
        },
        partitions={each.name: _partition_data(each) for each in parts.partitions},
        arrays={
            array.name: {"level": array.level, "members": list(array.members)}
            | _said(spares=list(array.spares))
            for array in parts.arrays
        },
        encrypted={
            each.name: {"volume": each.volume, "encryption": _encryption_data(each.encryption)}
            for each in parts.encrypted
        },
        volume_groups={
            group.name: {"members": list(group.members)}
            | _said(volumes={each.name: _volume_data(each) for each in group.volumes})
            for group in parts.volume_groups
        },
        filesystems={each.volume: _filesystem_data(each) for each in parts.filesystems},
    )


def _partition_data(partition: Partition) -> dict[str, Any]:
    size = {} if partition.size is None else size_data(partition.size)
    resized = partition.existing is not None and partition.size is not None
    if resized and "size" not in size:
        size = {"size": _REST, **size}
    return {
        "disk": partition.disk,
        **size,
        **_said(type=partition.type, existing=partition.existing),
    }


def _volume_data(volume: LogicalVolume) -> dict[str, Any]:
    kind = "" if volume.kind is VolumeKind.LINEAR else str(volume.kind)
    return size_data(volume.size) | _said(kind=kind, pool=volume.pool)


def _filesystem_data(made: Filesystem) -> dict[str, Any]:
    data = _said(kind=made.kind and str(made.kind)) | ({} if made.format else {"format": False})
    data |= _said(label=made.label, mount=made.mount)
    data |= {} if made.options is None else {"options": list(made.options)}
    return data | _said(
        make_options=list(made.make_options),
        subvolumes={
            each.name: _said(mount=each.mount, options=list(each.options))
            for each in made.subvolumes
        },
        binds=dict(made.binds),
    )
