"""Rules about names: those that the programs which receive them would refuse.

They receive them when the old contents of the disks are gone, so each rule here is one of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from installer.config.sound import Sound
from installer.filesystems import ESP_FILESYSTEM, filesystem_type
from ks_schema import Problem
from ks_schema.syntax import child
from ks_schema.wording import quoted

# apply_lvname_restrictions in https://sourceware.org/git/?p=lvm2.git;f=lib/misc/lvm-string.c
_LVM_PREFIXES = ("pvmove", "snapshot")
_LVM_PARTS = (
    "_cdata", "_cmeta", "_corig", "_cpool", "_cvol", "_imeta", "_iorig", "_mimage", "_mlog",
    "_pmspare", "_rimage", "_rmeta", "_tdata", "_tmeta", "_vdata", "_vorigin", "_wcorig",
)  # fmt: skip
# The file by which programs speak to the device mapper (dm_control_path in libdevmapper).
_MAPPER_CONTROL = "control"
# What the kernel and udev have below /dev, on whatever machine: vgcreate makes /dev/NAME.
# https://www.kernel.org/doc/Documentation/admin-guide/devices.txt
_DEVICES = re.compile(
    r"acpi_.+|aoe|autofs|bcache[0-9]*|block|bsg|btrfs-control|bus|cdrom[0-9]*|cdrw|cec[0-9]+|char|"
    r"console|core|cpu|cpu_dma_latency|cuse|dasd[a-z]+[0-9]*|dax[0-9.]+|disk|dm-[0-9]+|dma_heap|"
    r"dmmidi[0-9]*|dri|drbd[0-9]*|drm_dp_aux[0-9]+|dsp[0-9]*|dvb|dvd|dvdrw|ecryptfs|etherd|"
    r"fb[0-9]+|fd[0-9]*|floppy|full|fuse|gpiochip[0-9]+|hd[a-z][0-9]*|hidraw[0-9]+|hpet|hugepages|"
    r"hvc[0-9]+|hwrng|i2c-[0-9]+|infiniband|initctl|input|iommu|ipmi[0-9]+|isst_interface|kfd|kmem|"
    r"kmsg|kvm|log|loop[0-9]+(p[0-9]+)?|loop-control|lp[0-9]+|mapper|mcelog|md|md_?d?[0-9]+(p[0-9]+)?"
    r"|media[0-9]+|mei[0-9]*|mem|midi[0-9]*|mixer[0-9]*|mmcblk[0-9]+.*|mqueue|mtd.*|nbd[0-9]+.*|net|"
    r"ng[0-9]+n[0-9]+|nst[0-9]+|null|nvidia.*|nvme-fabrics|nvme[0-9]+.*|nvram|parport[0-9]+|"
    r"pktcdvd|pmem[0-9]+.*|port|ppp|pps[0-9]+|psaux|ptmx|ptp[0-9]+|pts|ram[0-9]+|random|raw|"
    r"rbd[0-9]*.*|rfkill|rtc[0-9]*|scd[0-9]+|sd[a-z]+[0-9]*|serial|sev|sg[0-9]+|sgx_.*|shm|snapshot|"
    r"snd|sr[0-9]+|st[0-9]+|stderr|stdin|stdout|tdx_guest|tpm[0-9]+|tpmrm[0-9]+|tty.*|ubd[a-z].*|"
    r"udmabuf|uhid|uinput|urandom|usb|usbmon[0-9]+|userfaultfd|userio|v4l|vboxguest|vboxuser|vcs.*|"
    r"vd[a-z]+[0-9]*|vfio|vga_arbiter|vhci|vhost-.*|video[0-9]+|virtio-ports|vmci|vport[0-9].*|"
    r"vsock|watchdog[0-9]*|xen|xvd[a-z]+[0-9]*|zero|zfs|zram[0-9]+|zvol"
)

Data = Mapping[str, Any]


def name_problems(sound: Sound, storage: Data) -> Iterator[Problem]:
    """What is wrong with the names in a custom layout."""
    for group, data in storage.get("volume_groups", {}).items():
        pointer = child("/storage/volume_groups", group)
        if _DEVICES.fullmatch(group):
            message = f"/dev has {quoted(group)} already, and LVM makes /dev/{group} for the group"
            yield sound.document.problem(pointer, message, "use another name, like vg0")
        for name in data.get("volumes", {}):
            if reserved := _reserved(name):
                place = child(f"{pointer}/volumes", name)
                message = f"LVM keeps names that {reserved} to itself"
                yield sound.document.problem(place, message, "use another name")
    yield from _mapper_problems(sound, storage)
    for volume, data in storage.get("filesystems", {}).items():
        pointer = child("/storage/filesystems", volume)
        yield from _subvolume_problems(sound, pointer, data)
        yield from _label_problems(sound, pointer, data)


def mapper_name(group: str, volume: str) -> str:
    """What the device mapper calls a logical volume (dm_build_dm_name in libdevmapper)."""
    return "-".join(each.replace("-", "--") for each in (group, volume))


def _reserved(name: str) -> str:
    """Why lvcreate refuses the name; "" when it does not."""
    if prefix := next((each for each in _LVM_PREFIXES if name.startswith(each)), ""):
        return f'begin with "{prefix}"'
    part = next((each for each in _LVM_PARTS if each in name), "")
    return f'have "{part}" in them' if part else ""


def _mapper_problems(sound: Sound, storage: Data) -> Iterator[Problem]:
    """Encrypted volumes whose names below /dev/mapper are taken."""
    volumes = {
        each: f"{group}/{name}"
        for group, data in storage.get("volume_groups", {}).items()
        for name, volume in data.get("volumes", {}).items()
        for each in _mapper_names(group, name, volume)
    }
    for name in storage.get("encrypted", {}):
        pointer = child("/storage/encrypted", name)
        if name == _MAPPER_CONTROL:
            message = f"/dev/mapper/{name} is the device mapper's own"
            yield sound.document.problem(pointer, message, "use another name")
        elif name in volumes:
            message = f"the volume {volumes[name]} is /dev/mapper/{name} as well"
            yield sound.document.problem(pointer, message, "use another name")


def _mapper_names(group: str, name: str, volume: Data) -> Iterable[str]:
    """A volume's names below /dev/mapper: those of a pool's parts, too."""
    own = mapper_name(group, name)
    parts = ("_tdata", "_tmeta", "-tpool") if volume.get("kind") == "thin_pool" else ()
    return (own, *(own + each for each in parts))


def _subvolume_problems(sound: Sound, pointer: str, data: Data) -> Iterator[Problem]:
    for key, what in (("subvolumes", "a subvolume"), ("binds", "a directory")):
        for name in data.get(key, {}):
            if {".", ".."} & set(name.split("/")):
                place = child(f"{pointer}/{key}", name)
                message = f"{what} is not called . or .."
                yield sound.document.problem(place, message, "give it another name")


def _label_problems(sound: Sound, pointer: str, data: Data) -> Iterator[Problem]:
    if data.get("kind") != "vfat":
        return
    label = data.get("label", "")
    most = filesystem_type(ESP_FILESYSTEM).label_length
    if len(label) > most:
        message = f"a label of vfat has at most {most} characters"
        yield sound.document.problem(f"{pointer}/label", message, "make it shorter")
    elif "." in label:
        message = "a label of vfat has no dots"
        yield sound.document.problem(f"{pointer}/label", message, "use - or _ instead")
