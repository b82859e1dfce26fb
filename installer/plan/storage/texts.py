"""What the host must know of its storage: fstab, crypttab, mdadm.conf, initramfs, kernel line."""

from __future__ import annotations

from collections.abc import Iterator

from installer.config.storage import ESP_MOUNT, Swap, SwapKind
from installer.filesystems import SWAP, filesystem_type
from installer.identifiers import mdadm_uuid
from installer.plan.storage.bootable import all_below
from installer.plan.storage.model import (
    PlannedEncryption,
    PlannedFilesystem,
    PlannedMount,
    StoragePlan,
)
from installer.sizes import MIB

SWAP_FILE = "/swapfile"
_WRITTEN = "# Written by photon-installer.\n"
# How long dracut waits for the members of an array before it starts one that lacks some: two
# thirds of this many seconds (its default is 180).
_ARRAY_PATIENCE = "rd.retry=45"
# After a wrong passphrase it asks again, however often. After the usual three it would give up, and
# the host would wait for a disk that cannot come.
_ASK_AGAIN = ("tries=0",)


def fstab_text(plan: StoragePlan, swap: Swap) -> str:
    """``/etc/fstab``: everything by UUID, what is mounted below another after it."""
    mounts = [(mount, each) for each in plan.filesystems for mount in each.mounts]
    lines = [
        _mount_line(each, mount)
        for mount, each in sorted(mounts, key=lambda pair: mount_order(pair[0].path))
    ]
    lines += [line for each in plan.filesystems for line in _bind_lines(each)]
    lines += [f"UUID={each.uuid} none swap sw 0 0" for each in plan.filesystems if _is_swap(each)]
    if swap.kind is SwapKind.FILE:
        lines.append(f"{SWAP_FILE} none swap sw 0 0")
    return _WRITTEN + "\n".join(lines) + "\n"


def mount_order(path: str) -> tuple[int, str]:
    """Sorts what is mounted inside another after it, and the ESP last."""
    depth = 0 if path == "/" else path.count("/")
    return (99 if path == ESP_MOUNT else depth), path


def crypttab_text(plan: StoragePlan) -> str:
    """``/etc/crypttab``; "" when nothing is encrypted."""
    lines = [
        f"{each.mapping} UUID={each.uuid} none {','.join(_luks_options(each))}\n"
        for each in plan.encrypted
    ]
    return _WRITTEN + "".join(lines) if lines else ""


def mdadm_text(plan: StoragePlan) -> str:
    """``/etc/mdadm/mdadm.conf``; "" when there is no array."""
    lines = [
        f"ARRAY /dev/md/{each.name} metadata=1.2 UUID={mdadm_uuid(each.uuid)}\n"
        for each in plan.arrays
    ]
    return f"{_WRITTEN}HOMEHOST <ignore>\n" + "".join(lines) if lines else ""


def zram_text(swap: Swap) -> str:
    """``/etc/systemd/zram-generator.conf``; "" without zram."""
    if swap.kind is not SwapKind.ZRAM:
        return ""
    size = f"{swap.size // MIB}" if swap.size else "min(ram / 2, 4096)"
    return f"{_WRITTEN}[zram0]\nzram-size = {size}\n"


def dracut_text(plan: StoragePlan) -> str:
    """The modules that the root needs in the initramfs; "" when the standard one will do."""
    below = _below_root(plan)
    modules = [
        *(["photon-tpm2"] if _needs(plan, below, tpm2=True) else []),
        *(["systemd-cryptsetup"] if _needs(plan, below, tpm2=False) else []),
        *(["photon-keyboard"] if any(each.reference in below for each in plan.encrypted) else []),
        *(["lvm"] if any(each.startswith("volume/") for each in below) else []),
        *(["mdraid"] if any(each.startswith("array/") for each in below) else []),
    ]
    if not modules:
        return ""
    arrays = 'mdadmconf="yes"\n' if "mdraid" in modules else ""
    return f'{_WRITTEN}add_dracutmodules+=" {" ".join(modules)} "\n{arrays}'


def storage_arguments(plan: StoragePlan) -> tuple[str, ...]:
    """What the kernel's command line says so that the initramfs finds the root."""
    below = _below_root(plan)
    arguments: list[str] = []
    arrays = [each for each in plan.arrays if each.reference in below]
    arguments += [f"rd.md.uuid={mdadm_uuid(each.uuid)}" for each in arrays]
    arguments += [_ARRAY_PATIENCE] if arrays else []
    for each in plan.encrypted:
        if each.reference in below:
            arguments.append(f"rd.luks.name={each.uuid}={each.mapping}")
            arguments.append(f"rd.luks.options={each.uuid}={','.join(_luks_options(each))}")
    arguments += [
        f"rd.lvm.lv={group.name}/{volume.name}"
        for group in plan.groups
        for volume in group.volumes
        if volume.reference in below
    ]
    return tuple(arguments)


def root_flags(plan: StoragePlan) -> tuple[str, ...]:
    """How the kernel's command line names a subvolume as the root."""
    mount = plan.root.mount_at("/")
    return (f"rootflags=subvol={mount.subvolume}",) if mount and mount.subvolume else ()


def boot_folder(plan: StoragePlan) -> str:
    """Where ``/boot`` is inside its filesystem, as the boot loader sees it: "" for its top."""
    boot = plan.boot
    if mount := boot.mount_at("/boot"):
        return f"/{mount.subvolume}" if mount.subvolume else ""
    mount = boot.mount_at("/")
    return f"/{mount.subvolume}/boot" if mount and mount.subvolume else "/boot"


def mount_options(mount: PlannedMount) -> tuple[str, ...]:
    """Everything to mount it with: its options, and the subvolume."""
    subvolume = (f"subvol={mount.subvolume}",) if mount.subvolume else ()
    return (*mount.options, *subvolume) or ("defaults",)


def _below_root(plan: StoragePlan) -> tuple[str, ...]:
    """Everything that the initramfs needs: it mounts /usr as well."""
    usr = plan.filesystem_at("/usr")
    volumes = [plan.root.volume, *([usr.volume] if usr else [])]
    return tuple(dict.fromkeys(each for volume in volumes for each in all_below(plan, volume)))


def _needs(plan: StoragePlan, below: tuple[str, ...], *, tpm2: bool) -> bool:
    return any(
        (each.tpm2_pcrs is not None) is tpm2 for each in plan.encrypted if each.reference in below
    )


def _luks_options(encrypted: PlannedEncryption) -> tuple[str, ...]:
    tpm2 = ("tpm2-device=auto",) if encrypted.tpm2_pcrs is not None else ()
    return (*tpm2, *_ASK_AGAIN, "discard")


def _mount_line(filesystem: PlannedFilesystem, mount: PlannedMount) -> str:
    options = ",".join(mount_options(mount))
    order = 0
    if filesystem_type(filesystem.kind).fsck:
        order = 1 if mount.path == "/" else 2
    return f"UUID={filesystem.uuid} {mount.path} {filesystem.kind} {options} 0 {order}"


def _bind_lines(filesystem: PlannedFilesystem) -> Iterator[str]:
    for folder, place in filesystem.binds:
        top = filesystem.mounts[0].path.rstrip("/")
        options = f"bind,x-systemd.requires-mounts-for={top or '/'}"
        yield f"{top}/{folder} {place} none {options} 0 0"


def _is_swap(filesystem: PlannedFilesystem) -> bool:
    return filesystem.kind == SWAP
