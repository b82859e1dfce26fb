"""Machines and kickstarts that could be: hypothesis draws them, layer upon layer."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from installer.machine.facts import (
    Disk,
    Firmware,
    FirmwareMode,
    Layer,
    LayerKind,
    Machine,
    Partition,
)
from tests.engine import GIB, HASH

MIB = 1 << 20
TIB = 1 << 40
PASSPHRASE = "correct horse battery staple"
_TYPES = {
    "gpt": (
        "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
        "0fc63daf-8483-4772-8e79-3d69d8477de4",
        "21686148-6449-6e6f-744e-656564454649",
    ),
    "dos": ("0x83", "0xef", "0x7"),
}
_RESIZABLE = ("ext4", "btrfs", "ntfs")
_CONTENTS = ("", "ext4", "btrfs", "ntfs", "xfs", "vfat", "swap", "crypto_LUKS", "LVM2_member")
_MOUNTS = (
    "/home", "/srv", "/var", "/var/log", "/var/log/audit", "/tmp", "/var/tmp", "/usr", "/opt",
    "/var/lib/docker", "/data", "/data/a", "/data/a/b",
)  # fmt: skip
_MOST_DISKS = 4
_FEWEST = {0: 2, 1: 2, 5: 3, 6: 4, 10: 2}
_ENCRYPTIONS = st.sampled_from(
    [
        {"passphrase": {"plain": PASSPHRASE}},
        {"passphrase": {"plain": PASSPHRASE}, "recovery_key": True},
        {"tpm2": {"pcrs": [0, 7]}},
        {"passphrase": {"plain": PASSPHRASE}, "tpm2": {}},
    ]
)

Draw = Any
Data = dict[str, Any]


@st.composite
def disks(draw: Draw, number: int) -> Disk:
    """A disk that may hold partitions, most of them large enough for a host."""
    path = f"/dev/sd{'abcdef'[number]}"
    sector = draw(st.sampled_from([512, 512, 4096]))
    # Most are large enough for a host; all sizes are whole sectors, few are whole MiB.
    most = draw(st.sampled_from([TIB, TIB, 20 * TIB]))
    least = draw(st.sampled_from([20 * GIB, 20 * GIB, 20 * GIB, 8 * MIB]))
    size = draw(st.integers(least, most)) // sector * sector
    facts = {"path": path, "size": size, "serial": f"S{number}", "logical_sector": sector}
    table = draw(st.sampled_from(["", "gpt", "gpt", "dos"]))
    if not table:
        return Disk(**facts, transport="sata", filesystem=draw(st.sampled_from(["", "ext4"])))
    return Disk(
        **facts,
        transport="sata",
        table=table,
        partitions=draw(partitions(path, size, sector, table)),
    )


@st.composite
def partitions(draw: Draw, path: str, size: int, sector: int, table: str) -> tuple[Partition, ...]:
    """Partitions that do not overlap, aligned or not, with free space between some."""
    found: list[Partition] = []
    end = min(size - MIB, (1 << 32) * sector if table == "dos" else size)
    unit = draw(st.sampled_from([MIB, sector]))
    start = draw(st.sampled_from([MIB, 63 * sector]))
    for number in range(1, draw(st.integers(0, 4 if table == "dos" else 6)) + 1):
        start += draw(st.sampled_from([0, 0, 3 * unit, 5 * GIB]))
        most = min(end - start, draw(st.sampled_from([GIB, 100 * GIB, TIB])))
        start = -(-start // unit) * unit
        if most < 16 * MIB:
            break
        length = draw(st.integers(8 * MIB, most - MIB)) // unit * unit
        content = draw(st.sampled_from(_CONTENTS))
        found.append(
            Partition(
                path=f"{path}{number}",
                number=number,
                start=start,
                size=length,
                type_guid=draw(st.sampled_from(_TYPES[table])),
                name=draw(st.sampled_from(["", "", "photon-containers"])) if table == "gpt" else "",
                filesystem=content,
                uuid=f"{path[-1]}{number}-{content}" if content else "",
                minimum=length // 3 if content in _RESIZABLE else 0,
            )
        )
        start += length
    return tuple(found)


@st.composite
def machines(draw: Draw) -> Machine:
    """A machine with one to four disks; volume groups and encrypted volumes lie on some."""
    count = draw(st.integers(1, 4))
    found = tuple(draw(disks(number)) for number in range(count))
    held = [each for disk in found for each in disk.partitions]
    groups = [each.path for each in held if each.filesystem == "LVM2_member"]
    layers = [
        Layer(kind=LayerKind.CRYPT, name=f"old{each.path[5:]}", active=draw(st.booleans()),
              parents=(each.path,), devices=(f"/dev/mapper/old{each.path[5:]}",))
        for each in held if each.filesystem == "crypto_LUKS"
    ]  # fmt: skip
    if groups:
        cut = draw(st.integers(0, len(groups)))
        for name, members in (("old", groups[:cut]), ("photon", groups[cut:])):
            node = f"/dev/mapper/{name}-data"
            if members:
                layers.append(
                    Layer(kind=LayerKind.LVM, name=name, active=draw(st.booleans()),
                          parents=tuple(members), devices=(node,))
                )  # fmt: skip
    return Machine(
        firmware=Firmware(mode=draw(st.sampled_from(FirmwareMode))),
        memory=draw(st.integers(GIB, 64 * GIB)),
        disks=found,
        layers=tuple(layers),
    )


def document(machine: Machine, storage: Data, mode: str) -> Data:
    """A kickstart with that storage, whose disks are d0, d1, ..."""
    return {
        "version": 1,
        "disks": {f"d{at}": {"device": disk.path} for at, disk in enumerate(machine.disks)},
        "root": {"password": {"hash": HASH}},
        "storage": storage,
        "boot": {"mode": mode},
    }


def modes(machine: Machine) -> st.SearchStrategy[str]:
    """The boot modes that this machine may be installed for."""
    return st.sampled_from([machine.firmware.mode.value, "dual"])


@st.composite
def guided(draw: Draw, machine: Machine) -> Data:
    """Any guided layout for that machine."""
    names = [f"d{at}" for at in range(len(machine.disks))]
    chosen = draw(st.permutations(names))
    layout = draw(st.sampled_from(["whole_disk", "whole_disk", "free_space"]))
    storage: Data = {"layout": layout, "disk": chosen.pop()}
    if layout == "whole_disk" and chosen and draw(st.booleans()):
        storage["mirror"] = [chosen.pop()]
    if draw(st.booleans()):
        containers: Data = {
            "size": draw(st.sampled_from(["20 GiB", "40%", "rest"])),
            "filesystem": draw(st.sampled_from(["xfs", "ext4", "btrfs"])),
            "preserve": draw(st.booleans()),
        }
        if chosen and draw(st.booleans()):
            containers["disk"] = chosen.pop()
        storage["containers"] = containers
    if draw(st.booleans()):
        storage["encryption"] = draw(_ENCRYPTIONS)
    if draw(st.booleans()):
        kind = draw(st.sampled_from(["none", "partition", "file", "zram"]))
        storage["swap"] = {"kind": kind}
    storage["lvm"] = draw(st.booleans())
    storage["filesystem"] = draw(st.sampled_from(["ext4", "xfs", "btrfs"]))
    if layout == "whole_disk":
        storage["wipe"] = draw(st.sampled_from([[], chosen]))
    return document(machine, storage, draw(modes(machine)))


@st.composite
def custom(draw: Draw, machine: Machine) -> Data:
    """A custom layout: what starts on the first disk, and layers upon layers on all the others."""
    storage: Data = {
        "layout": "custom", "tables": {}, "partitions": {}, "arrays": {}, "encrypted": {},
        "volume_groups": {}, "filesystems": {},
    }  # fmt: skip
    mode = draw(modes(machine))
    free: list[str] = []
    for at, disk in enumerate(machine.disks[:_MOST_DISKS]):
        if at == 0 or draw(st.booleans()):
            free += draw(_divided(storage, f"d{at}", disk, mode, starts=at == 0))
        elif draw(st.booleans()):
            free.append(f"d{at}")
    storage["filesystems"]["boot"] = {"kind": draw(st.sampled_from(["ext4", "xfs"]))}
    storage["filesystems"]["boot"]["mount"] = "/boot"
    for step in range(draw(st.integers(0, 4))):
        free = draw(_layer(storage, f"l{step}", free))
    places = ["/", *draw(st.permutations(_MOUNTS)), *(f"/more/{at}" for at in range(len(free)))]
    # The root lies on what was made last: that is the deepest.
    for volume in reversed(free):
        storage["filesystems"][volume] = draw(_filesystem(places.pop(0)))
    return document(machine, storage, mode)


@st.composite
def _divided(
    draw: Draw, storage: Data, name: str, disk: Disk, mode: str, *, starts: bool
) -> list[str]:
    """The volumes of a disk with a table: new ones, and those of the old table that are used."""
    made, free = storage["partitions"], []
    table: Data = {"kind": draw(st.sampled_from(["gpt", "gpt", "dos"]))}
    if disk.table and draw(st.booleans()):
        numbers = [each.number for each in disk.partitions]
        deleted = [number for number in numbers if draw(st.booleans())]
        table = {"keep": True, "delete": deleted}
        for each in disk.partitions:
            if each.number not in deleted and draw(st.booleans()):
                free += draw(_existing(storage, f"{name}-old{each.number}", name, each))
    storage["tables"][name] = table
    if starts and mode != "efi":
        made[f"{name}-bios"] = {"disk": name, "size": "1 MiB", "type": "bios_boot"}
    if starts and mode != "bios":
        made[f"{name}-esp"] = {"disk": name, "size": "512 MiB", "type": "esp"}
    if starts:
        made["boot"] = {"disk": name, "size": "1 GiB"}
    for number in range(draw(st.integers(1, 3))):
        made[f"{name}-p{number}"] = {"disk": name, **draw(_sizes())}
        free.append(f"{name}-p{number}")
    return free


@st.composite
def _existing(draw: Draw, storage: Data, volume: str, disk: str, there: Partition) -> list[str]:
    """A partition that is there: resized or not; kept, mounted, or free to be overwritten."""
    used: Data = {"disk": disk, "existing": there.number}
    size = draw(st.sampled_from(["", "", "rest", "50%", f"{there.size // MIB * 2 // 3} MiB"]))
    storage["partitions"][volume] = used | ({"size": size} if size else {})
    use = draw(st.sampled_from(["kept", "mounted", "overwritten"]))
    if use == "mounted" and there.filesystem in {"ext4", "xfs", "btrfs"}:
        storage["filesystems"][volume] = {"format": False, "mount": f"/old/{volume}"}
    return [volume] if use == "overwritten" else []


def _sizes() -> st.SearchStrategy[Data]:
    return st.sampled_from(
        [
            {},
            {"size": "rest", "min_size": "5 GiB"},
            {"size": "20 GiB"},
            {"size": "10%", "min_size": "4 GiB", "max_size": "100 GiB"},
            {"size": 7_000_000_001},
            {"min_size": "6 GiB", "max_size": "30 GiB"},
        ]
    )


@st.composite
def _layer(draw: Draw, storage: Data, name: str, free: list[str]) -> list[str]:
    """An array, an encrypted volume or a volume group on some of the free volumes."""
    kind = draw(st.sampled_from(["array", "encrypted", "group"]))
    if not free:
        return free
    if kind == "encrypted":
        volume = draw(st.sampled_from(free))
        storage["encrypted"][name] = {"volume": volume, "encryption": draw(_ENCRYPTIONS)}
        return [*(each for each in free if each != volume), name]
    members = draw(st.lists(st.sampled_from(free), min_size=1, unique=True))
    rest = [each for each in free if each not in members]
    if kind == "group":
        volumes: Data = {f"v{at}": draw(_sizes()) for at in range(draw(st.integers(1, 3)))}
        above = [f"{name}/{each}" for each in volumes]
        if draw(st.booleans()):
            volumes["pool"] = {"kind": "thin_pool", **draw(_sizes())}
            if draw(st.booleans()):  # all is given away, to the last extent
                volumes = {"v0": {"size": "60%"}, "pool": {"kind": "thin_pool", "size": "40%"}}
                above = [f"{name}/v0"]
            size = draw(st.sampled_from(["40 GiB", 7_000_000_001]))
            volumes["thin"] = {"kind": "thin", "pool": "pool", "size": size}
            above.append(f"{name}/thin")
        storage["volume_groups"][name] = {"members": members, "volumes": volumes}
        return [*rest, *above]
    levels = [level for level, fewest in _FEWEST.items() if fewest <= len(members)]
    if not levels:
        return free
    array: Data = {"level": draw(st.sampled_from(levels)), "members": members}
    if rest and array["level"] and draw(st.booleans()):
        array["spares"] = [rest.pop()]
    storage["arrays"][name] = array
    return [*rest, name]


@st.composite
def _filesystem(draw: Draw, mount: str) -> Data:
    kind = draw(st.sampled_from(["ext4", "xfs", "btrfs"]))
    if kind == "btrfs" and draw(st.booleans()):
        return {"kind": kind, "subvolumes": {"@": {"mount": mount}, "@/deep": {}}}
    if mount != "/" and draw(st.integers(0, 4)) == 0:
        return {"kind": "swap"}
    return {"kind": kind, "mount": mount}
