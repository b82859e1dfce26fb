"""A host as the boot check has it, and what its next start will measure."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from installer.boot.esp import Esp, is_readable
from installer.boot.places import Places, UnseenError
from installer.boot.volumes import Volume, read_volumes
from installer.errors import CommandFailed
from installer.machine.facts import BootEntry
from installer.machine.probe.nodes import listed_devices
from installer.measured.log import LOG, read_log
from installer.measured.menu import UNNUMBERED, GrubVolume
from installer.measured.predict import FirmwareState, HostFiles, Way, predict_start
from installer.measured.prediction import Prediction, Predictions, UnpredictableError
from installer.measured.uki import predict_unified_start
from installer.secureboot.entries import boot_order, parse_entry
from installer.secureboot.signature import SignatureVerifier
from installer.secureboot.variables import (
    EFIVARS,
    GLOBAL,
    OFF,
    ON,
    read_efivars,
    read_store,
    variable,
)
from installer.system.runner import Runner
from installer.verify.host import Subject
from installer.verify.menu import read_menu

if TYPE_CHECKING:
    from installer.verify.table import DiskPartition

_CATEGORY = 0x1F00  # what kind of thing an entry starts, 0 being systems: UEFI 2.10, 3.1.3
_NO_DISKS = ("/dev/loop", "/dev/ram", "/dev/zram")
_SCHEMES = {"gpt": "gpt", "dos": "msdos"}


def this_firmware(
    *, enforced: bool | None = None, efivars: Path = EFIVARS, log: Path = LOG
) -> FirmwareState:
    """This machine's firmware. ``enforced`` is what it will do about Secure Boot after keys were
    enrolled, whatever it says now; None: as it says.
    """
    variables = dict(read_efivars(efivars))
    if enforced is not None:
        variables["SecureBoot", GLOBAL] = ON if enforced else OFF
    return FirmwareState(variables=variables, events=read_log(log), first=first_entry(efivars))


def first_entry(efivars: Path = EFIVARS) -> BootEntry | None:
    """The entry that the firmware tries first: one that is active, and no tool of its own."""
    for number in boot_order(efivars):
        data = variable(efivars, f"Boot{number}")
        entry = parse_entry(number, data)
        if entry and entry.active and not int.from_bytes(data[:4], "little") & _CATEGORY:
            return entry
    return None


def stored_firmware(place: Path) -> FirmwareState:
    """The firmware of the virtual machine that has this variable store.

    :raises CommandFailed: it cannot be read, or is not such a store.
    """
    return FirmwareState(variables=read_store(place))


OTHER_FIRMWARE = FirmwareState(variables=None)


def predictions_of(
    subject: Subject,
    firmware: Callable[[], FirmwareState],
    names: Callable[[], dict[str, str]] = dict,
) -> Predictions:
    """What the next start of a host will measure that the boot check looks at.

    Nothing for one that starts by BIOS. ``firmware`` and ``names`` are asked for when they are
    needed; what they raise is the reason why nothing can be predicted.
    """
    esps = tuple(each for each in subject.esps if each.present)
    if subject.judge is None or not esps:
        return {}
    try:
        if esps[0].starts_images:
            return _images_start(subject.judge.verifier, esps[0], firmware())
        return predict_host(subject.judge.verifier, esps, subject.places, firmware(), names=names())
    except CommandFailed as error:
        return {7: Prediction(value=None, why=error.message)}


def _images_start(verifier: SignatureVerifier, esp: Esp, firmware: FirmwareState) -> Predictions:
    images = esp.images
    loader = esp.read(esp.layout.systemd_path)
    image = esp.read(images[0]) if len(images) == 1 else None
    if loader is None or image is None:
        why = f"there are {len(images)} unified kernel images: which of them starts is not known"
        return {11: Prediction(value=None, why=why)}
    return predict_unified_start(
        verifier, loader, image, firmware, partition=esp.partition, layout=esp.layout
    )


def predict_host(
    verifier: SignatureVerifier,
    esps: Sequence[Esp],
    places: Places,
    firmware: FirmwareState,
    *,
    names: dict[str, str] | None = None,
    way: Way = Way.ENTRY,
) -> Predictions:
    """What the registers will hold after the next start (see ``predict_start``).

    It is by that one of the ESPs which the firmware tries first, else by the first of them; there
    must be one. ``names`` is what GRUB calls the partitions, by their GUIDs (``grub_names``,
    ``disk_names``); without it PCR 8 cannot be predicted.
    """
    known = names or {}
    first = firmware.first.partition if firmware.first else ""
    esp = next((each for each in esps if first and each.partition.lower() == first), esps[0])

    def name(guid: str, other: str) -> str:
        return known.get(guid.lower(), f"{UNNUMBERED}{other}")

    volumes = tuple(
        GrubVolume(
            device=name(each.partition, each.uuid),
            uuid=each.uuid,
            read=_reader(places, each.uuid),
        )
        for each in places.volumes
        if each.uuid
    )
    own = GrubVolume(
        device=name(esp.partition, "esp"), read=lambda path: esp.read(path.lstrip("/"))
    )
    others = tuple(each for each in volumes if each.device != own.device)
    kernels = tuple(_kernels(esp, places))
    host = HostFiles(
        esp=own, volumes=others, partition=esp.partition, kernels=kernels, layout=esp.layout
    )
    return predict_start(verifier, host, firmware, way=way)


def grub_names(runner: Runner) -> dict[str, str]:
    """What GRUB will call the partitions of this machine, by their GUIDs.

    Nothing where there is more than one disk: it numbers them as the firmware lists them.

    :raises CommandFailed: the disks cannot be listed.
    """
    listed = listed_devices(runner)
    found = [each for each in listed if each["size"] and not each["path"].startswith(_NO_DISKS)]
    if len([each for each in found if each["type"] == "disk"]) != 1:
        return {}
    volumes = read_volumes(runner, (each["path"] for each in found if each["type"] == "part"))
    names = {each.partition: _name(each) for each in volumes if each.partition}
    return {guid: name for guid, name in names.items() if name}


def disk_names(partitions: Iterable[DiskPartition]) -> dict[str, str]:
    """The same, for a GPT disk (or an image of one) that will be the only one of its machine."""
    return {each.guid: f"hd0,gpt{each.number}" for each in partitions if each.guid}


def _name(volume: Volume) -> str:
    scheme = _SCHEMES.get(volume.table)
    return f"hd0,{scheme}{volume.number}" if scheme and volume.number else ""


def _reader(places: Places, uuid: str) -> Callable[[str], bytes | None]:
    def read(path: str) -> bytes | None:
        try:
            place = places.find(uuid, path)
            if place is None or not place.is_file():
                return None
            if not is_readable(place):
                raise UnpredictableError(f"{path} is far too large")
            return place.read_bytes()
        except UnseenError as reason:
            raise UnpredictableError(f"{path} cannot be examined: {reason}") from reason
        except OSError as error:
            raise UnpredictableError(f"{path} cannot be read: {error.strerror}") from error

    return read


def _kernels(esp: Esp, places: Places) -> Iterator[Path]:
    path = esp.layout.esp_menu
    found = read_menu(esp.text(path) or "", path, places, esp.layout).kernels
    for each in found:
        with contextlib.suppress(OSError):  # a damaged filesystem: the check has said so
            if is_readable(each.place):
                yield each.place
