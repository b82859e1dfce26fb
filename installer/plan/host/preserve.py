"""What the new host takes over from the one that it replaces: where that is looked for."""

from __future__ import annotations

from installer.actions.action import Action
from installer.actions.host.identity import FindIdentity
from installer.config.storage import Storage
from installer.machine.facts import Disk, Layer
from installer.secret import Secret
from ks_schema.problem import Problem


def find_identity(
    storage: Storage, lost: tuple[Disk, ...], layers: tuple[Layer, ...]
) -> tuple[Action, ...]:
    """The step that looks at everything that is lost; none when nothing is to be preserved."""
    if not storage.preserve:
        return ()
    return (
        FindIdentity(
            things=tuple(map(str, storage.preserve)),
            volumes=lost_volumes(lost, layers),
            passphrases=passphrases(storage),
        ),
    )


def lost_volumes(lost: tuple[Disk, ...], layers: tuple[Layer, ...]) -> tuple[str, ...]:
    """What is on the disks: partitions and volumes, but nothing that an active layer lies on."""
    active = [each for each in layers if each.active]
    held = {path for each in active for path in each.parents}
    nodes: list[str] = []
    for disk in lost:
        nodes += [each.path for each in disk.partitions] or [disk.path]
    nodes += [path for each in active for path in each.devices]
    return tuple(each for each in dict.fromkeys(nodes) if each not in held)


def passphrases(storage: Storage) -> tuple[Secret, ...]:
    """Every passphrase that the kickstart gives, each once."""
    encrypted = storage.custom.encrypted if storage.custom else ()
    said = [storage.encryption, *(each.encryption for each in encrypted)]
    return tuple(dict.fromkeys(each.passphrase for each in said if each and each.passphrase))


def preserve_problems(storage: Storage, *, image: bool) -> tuple[Problem, ...]:
    """An image replaces nothing."""
    if not storage.preserve or not image:
        return ()
    hint = 'leave "preserve" out'
    message = "an image has no earlier host"
    return (Problem(pointer="/storage/preserve", message=message, hint=hint),)
