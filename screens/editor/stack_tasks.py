"""The questions about what lies between partitions and filesystems: arrays, LUKS, volume groups."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from installer.raid import MIRROR, RAID_LEVELS, raid_level
from installer.secret import Secret
from screens.draft.custom_layout import all_above, new_name, unused
from screens.draft.history import Storage
from screens.editor.edit import encrypt, put
from screens.editor.scene import Scene
from screens.editor.task import Task, Values, name_problem
from screens.forms import YES, Check, Choice, FieldProblem, Item, Note, Option, SecretText, Text
from screens.steps.firmware import NO_TPM2
from screens.steps.form_checks import no_passphrase, passphrase_problem

NOTHING = Secret("")
_MEMBER, _SPARE = "member:", "spare:"
_LEVELS = tuple(
    Option(value=str(each.level), label=f"RAID {each.level}", detail=(each.note,))
    for each in RAID_LEVELS
)


def array(scene: Scene, name: str = "", first: str = "") -> Task:
    """An array, new (with ``first`` as a member) or (with a name) as it is."""
    data = scene.storage.get("arrays", {}).get(name, {"level": MIRROR, "members": [first]})
    values = {
        "name": name or new_name(scene.storage, "array", tuple(scene.disks)),
        "level": str(data["level"]),
        **{f"{_MEMBER}{each}": YES for each in data["members"]},
        **{f"{_SPARE}{each}": YES for each in data.get("spares", ())},
    }
    candidates = _candidates(scene, name, (*data["members"], *data.get("spares", ())))

    def items(said: Values) -> tuple[Item, ...]:
        members = _ticked(said, _MEMBER, candidates)
        rest = tuple(each for each in candidates if each not in members)
        return (
            *_name_item(said, name),
            Choice(id="level", label="Level", value=said["level"], options=_LEVELS),
            *_checks(scene, said, _MEMBER, "Member", candidates),
            *_checks(scene, said, _SPARE, "Spare", rest),
        )

    def apply(storage: Storage, said: Values) -> Storage:
        members = _ticked(said, _MEMBER, candidates)
        spares = [each for each in _ticked(said, _SPARE, candidates) if each not in members]
        made = {"level": int(said["level"]), "members": members}
        return put(storage, "arrays", said["name"], {**made, **_some("spares", spares)})

    return Task(
        title=f"Array {name}" if name else "New array",
        values=values,
        items=items,
        apply=apply,
        places=lambda said: (f"/storage/arrays/{said['name']}",),
        refuse=lambda said: _refused_name(scene, name, said) or _too_few(said, candidates),
    )


def group(scene: Scene, name: str = "", first: str = "") -> Task:
    """A volume group, new (with ``first`` as a member) or (with a name) as it is."""
    data = scene.storage.get("volume_groups", {}).get(name, {"members": [first]})
    values = {
        "name": name or new_name(scene.storage, "vg", tuple(scene.disks)),
        **{f"{_MEMBER}{each}": YES for each in data["members"]},
    }
    own = tuple(data["members"])
    volumes = tuple(f"{name}/{each}" for each in data.get("volumes", {}))
    above = {each for volume in volumes for each in (volume, *all_above(scene.storage, volume))}
    candidates = tuple(each for each in _candidates(scene, name, own) if each not in above)

    def apply(storage: Storage, said: Values) -> Storage:
        members = _ticked(said, _MEMBER, candidates)
        return put(storage, "volume_groups", said["name"], {**data, "members": members})

    return Task(
        title=f"Volume group {name}" if name else "New volume group",
        values=values,
        items=lambda said: (
            *_name_item(said, name),
            *_checks(scene, said, _MEMBER, "Member", candidates),
        ),
        apply=apply,
        places=lambda said: (f"/storage/volume_groups/{said['name']}",),
        refuse=lambda said: _refused_name(scene, name, said) or _no_member(said, candidates),
    )


def encryption(scene: Scene, name: str = "", volume: str = "") -> Task:
    """An encrypted volume, new (on ``volume``) or (with a name) as it is."""
    new = {"volume": volume, "encryption": {}}
    data = scene.storage.get("encrypted", {}).get(name, new)
    said_before = data["encryption"]
    typed = said_before.get("passphrase", NOTHING)
    passphrase = typed if isinstance(typed, Secret) else NOTHING
    tpm2 = "tpm2" in said_before
    stem = f"luks-{volume.rpartition('/')[2]}".replace(".", "-")[:24]
    values = {
        "name": name or new_name(scene.storage, stem, tuple(scene.disks)),
        "passphrase": passphrase,
        "again": passphrase,
        "tpm2": YES if tpm2 else "",
        "recovery_key": YES if said_before.get("recovery_key", tpm2) else "",
    }

    def apply(storage: Storage, said: Values) -> Storage:
        made: dict[str, Any] = {}
        if said["passphrase"] != NOTHING:
            made["passphrase"] = said["passphrase"]
        if said["tpm2"]:
            made["tpm2"] = said_before.get("tpm2", {})
        made["recovery_key"] = bool(said["recovery_key"])
        if name:
            return put(storage, "encrypted", name, {**data, "encryption": made})
        return encrypt(storage, volume, said["name"], made)

    return Task(
        title=f"Encryption of {data['volume']}",
        values=values,
        items=lambda said: (
            Note(text=f"Everything on {data['volume']} is encrypted with LUKS2."),
            *_name_item(said, name),
            *_encryption_items(said, tpm2=scene.tpm2),
        ),
        apply=apply,
        places=lambda said: (f"/storage/encrypted/{said['name']}",),
        refuse=lambda said: (
            _refused_name(scene, name, said) or _refused_passphrase(said, tpm2=scene.tpm2)
        ),
    )


def _encryption_items(said: Values, *, tpm2: bool) -> tuple[Item, ...]:
    return (
        SecretText(id="passphrase", label="Passphrase", value=said["passphrase"]),
        SecretText(id="again", label="Confirm", value=said["again"]),
        Check(
            id="tpm2",
            label="Unlock with TPM 2.0",
            value=bool(said["tpm2"]),
            refused="" if tpm2 else NO_TPM2,
        ),
        Check(
            id="recovery_key",
            label="Recovery key",
            value=bool(said["recovery_key"]),
            detail=("a second key, shown once at the end",),
        ),
    )


def _refused_passphrase(said: Values, *, tpm2: bool) -> FieldProblem | None:
    passphrase = said["passphrase"]
    if problem := passphrase_problem(passphrase):
        return FieldProblem(field="passphrase", message=problem.message, hint=problem.hint)
    if passphrase != said["again"]:
        hint = "type the same one in both fields"
        return FieldProblem(field="again", message="The two passphrases differ", hint=hint)
    if passphrase == NOTHING and not said["tpm2"]:
        return replace(no_passphrase(tpm2=tpm2), field="passphrase")
    return None


def _refused_name(scene: Scene, name: str, said: Values) -> FieldProblem | None:
    return None if name else name_problem(scene.storage, said["name"], tuple(scene.disks))


def _no_member(said: Values, candidates: tuple[str, ...]) -> FieldProblem | None:
    if _ticked(said, _MEMBER, candidates):
        return None
    field = f"{_MEMBER}{candidates[0]}" if candidates else ""
    return FieldProblem(field=field, message="It has no member", hint="choose at least one")


def _too_few(said: Values, candidates: tuple[str, ...]) -> FieldProblem | None:
    """An array with fewer members than its level needs."""
    level, members = int(said["level"]), _ticked(said, _MEMBER, candidates)
    fewest = raid_level(level).fewest_members
    if len(members) >= fewest:
        return None
    free = [each for each in candidates if each not in members]
    enough = len(candidates) >= fewest
    return FieldProblem(
        field=f"{_MEMBER}{free[0]}" if free else "level",
        message=f"RAID {level} needs {fewest} members",
        hint="choose more of them" if enough else "make more partitions for it first",
    )


def _candidates(scene: Scene, name: str, own: tuple[str, ...]) -> tuple[str, ...]:
    """What can be a member: what is one already, and what nothing lies on."""
    above = {name, *all_above(scene.storage, name)} if name else set[str]()
    free = tuple(each for each in unused(scene.storage) if each not in above)
    return tuple(dict.fromkeys((*own, *free)))


def _name_item(said: Values, name: str) -> tuple[Item, ...]:
    return () if name else (Text(id="name", label="Name", value=said["name"], width=28),)


def _checks(
    scene: Scene, said: Values, kind: str, label: str, names: tuple[str, ...]
) -> tuple[Item, ...]:
    partitions = scene.storage.get("partitions", {})

    def where(name: str) -> str:
        disk = scene.disks.get(partitions.get(name, {}).get("disk", ""))
        return f" on {disk.path.rpartition('/')[2]}" if disk else ""

    return tuple(
        Check(id=f"{kind}{each}", label=f"{label} {each}{where(each)}",
              value=bool(said.get(f"{kind}{each}")))
        for each in names
    )  # fmt: skip


def _ticked(said: Values, kind: str, names: tuple[str, ...]) -> list[str]:
    return [each for each in names if said.get(f"{kind}{each}")]


def _some(key: str, value: list[str]) -> dict[str, list[str]]:
    return {key: value} if value else {}
