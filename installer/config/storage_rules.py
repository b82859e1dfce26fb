"""Rules of storage that a schema cannot say: what belongs together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from installer.config.custom_rules import custom_problems
from installer.config.share_rules import share_problems
from installer.config.sound import Sound
from installer.sizes import MIB, parse_size
from ks_schema import Problem
from ks_schema.syntax import child
from ks_schema.wording import did_you_mean, quoted

NOUNS = ("tables", "partitions", "arrays", "encrypted", "volume_groups", "filesystems")
_GUIDED = ("disk", "filesystem", "swap", "mirror", "lvm", "encryption", "containers", "ab")
# What the host's own upgrades change, or its start alone knows: loaders, partitions, menus,
# kernels, and what systemd and the kernel measure. https://uapi-group.org/specifications/specs/linux_tpm_pcr_registry/
_OTHER_PCRS = frozenset({4, 5, 8, 9, 10, 11, 12, 13, 15})
Data = Mapping[str, Any]


def storage_problems(sound: Sound) -> Iterator[Problem]:
    """Every rule of storage that the document breaks."""
    yield from _swap_problems(sound)
    yield from _encryption_problems(sound)
    if sound.value("storage", "layout") == "custom":
        yield from _misplaced(sound, _GUIDED, "it belongs to a guided layout")
        yield from custom_problems(sound)
    else:
        yield from _misplaced(sound, NOUNS, 'it is for "layout": "custom"')
        yield from _mirror_problems(sound)
        yield from _ab_problems(sound)
    yield from share_problems(sound)
    yield from _disk_name_problems(sound)


def _misplaced(sound: Sound, keys: tuple[str, ...], hint: str) -> Iterator[Problem]:
    for key in keys:
        if sound.value("storage", key) is not None:
            message = f"{key} does not go with this layout"
            yield sound.document.problem(f"/storage/{key}", message, hint)


def _swap_problems(sound: Sound) -> Iterator[Problem]:
    swap = sound.value("storage", "swap")
    if swap is None or "size" not in swap:
        return
    pointer = "/storage/swap/size"
    if swap["kind"] == "none":
        yield sound.document.problem(
            pointer, "swap of the kind none has no size", 'choose "partition", "file" or "zram"'
        )
    elif parse_size(swap["size"]) < MIB:
        yield sound.document.problem(
            pointer, "swap this small is of no use", 'at least "1 MiB", or the kind "none"'
        )


def _encryption_problems(sound: Sound) -> Iterator[Problem]:
    places = [("/storage/encryption", sound.value("storage", "encryption"))]
    places += [
        (f"{pointer}/encryption", volume["encryption"])
        for pointer, _name, volume in sound.items("storage", "encrypted")
    ]
    for pointer, said in places:
        if said is None:
            continue
        if not {"passphrase", "tpm2"} & said.keys():
            yield sound.document.problem(
                pointer,
                "nothing but a recovery key would open it",
                'give a "passphrase", or let the "tpm2" open it',
            )
        elif "passphrase" not in said and said.get("recovery_key") is False:
            yield sound.document.problem(
                child(pointer, "recovery_key"),
                "nothing would open it when the TPM refuses",
                "leave it true, or give a passphrase",
            )
        yield from _tpm2_problems(sound, pointer, said)


def _tpm2_problems(sound: Sound, pointer: str, said: Mapping[str, Any]) -> Iterator[Problem]:
    """What is sealed must be what the host's own starts measure."""
    if "tpm2" not in said:
        return
    if other := sorted(_OTHER_PCRS.intersection(said["tpm2"].get("pcrs", ()))):
        yield sound.document.problem(
            f"{pointer}/tpm2/pcrs",
            f"the host's own upgrades change PCR {', '.join(map(str, other))}, or they are not "
            "known before its first start",
            "leave it out, and bind to it on the host with systemd-cryptenroll",
        )


def _mirror_problems(sound: Sound) -> Iterator[Problem]:
    target = sound.value("storage", "disk") or "default"
    seen = {target, *(name for _, _, name in sound.items("storage", "wipe"))}
    for pointer, _index, name in sound.items("storage", "mirror"):
        if name in seen:
            message = f"{quoted(name)} is used already"
            yield sound.document.problem(pointer, message, "a mirror is another disk")
        seen.add(name)
    containers = sound.value("storage", "containers") or {}
    if containers.get("disk") in seen:
        yield sound.document.problem(
            "/storage/containers/disk",
            f"{quoted(containers['disk'])} is used already",
            "name another disk, or leave it out: then the volume is on the disk of the root",
        )
    layout = sound.value("storage", "layout")
    if layout == "free_space" and sound.value("storage", "mirror"):
        hint = "use whole_disk, or a custom layout"
        message = "mirroring needs the entire disk"
        yield sound.document.problem("/storage/mirror", message, hint)
    if layout == "free_space" and sound.value("storage", "wipe"):
        message = "free_space erases nothing"
        yield sound.document.problem("/storage/wipe", message, "remove it, or use whole_disk")
    if layout == "free_space" and sound.value("storage", "preserve"):
        message = "free_space leaves the earlier host as it is"
        hint = "remove it: two hosts cannot be the same one"
        yield sound.document.problem("/storage/preserve", message, hint)


def _ab_problems(sound: Sound) -> Iterator[Problem]:
    """What does not go together with A/B root filesystems."""
    if not sound.value("storage", "ab"):
        return
    for key in ("mirror", "lvm", "encryption"):
        if sound.value("storage", key):
            message = f"{key} does not go with ab"
            hint = "leave one of them out: GRUB chooses between two plain partitions"
            yield sound.document.problem(f"/storage/{key}", message, hint)
    if sound.value("storage", "containers") is not None:
        message = "with ab, containers are on the filesystem of /data"
        yield sound.document.problem("/storage/containers", message, "leave it out")
    if sound.value("storage", "layout") == "free_space":
        message = "ab does not go into free space"
        yield sound.document.problem("/storage/ab", message, "use whole_disk")
    if (sound.value("storage", "swap") or {}).get("kind") == "file":
        message = "a swap file would lie in one of the two roots"
        yield sound.document.problem("/storage/swap/kind", message, 'use "partition" or "zram"')
    mode = sound.value("boot", "mode")
    if mode in {"bios", "dual"}:
        message = f"the two roots of ab start by EFI alone, not by {mode}"
        yield sound.document.problem("/boot/mode", message, "use efi, or leave ab out")


def _disk_name_problems(sound: Sound) -> Iterator[Problem]:
    """Names of disks that are not in ``disks``."""
    disks = sound.value("disks")
    if disks is None:
        return
    said = [(pointer, name) for pointer, _, name in sound.items("storage", "mirror")]
    said += [(pointer, name) for pointer, name, _ in sound.items("storage", "tables")]
    said += [
        (child(pointer, "disk"), partition["disk"])
        for pointer, _, partition in sound.items("storage", "partitions")
    ]
    containers = sound.value("storage", "containers") or {}
    if "disk" in containers:
        said.append(("/storage/containers/disk", containers["disk"]))
    for pointer, name in said:
        if name not in disks:
            hint = f'{did_you_mean(name, disks)} "disks" has: {", ".join(disks)}'.strip()
            yield sound.document.problem(pointer, f"no disk is called {quoted(name)}", hint)
