"""What the dialogs ask, as data; the urwid and the line-mode renderer ask the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from installer.engine.saving import Volume, in_memory, is_place
from installer.events import Failed, Finished
from installer.machine.facts import Disk
from installer.plan.confirmation import confirmation, is_confirmed
from screens import keys
from screens.engine import PlanView
from screens.question import WIDTH, About, Question, lines, tell
from screens.session import Holder
from screens.steps.disk import disk_line, serial_text, short_name
from screens.steps.review import disk_changes
from screens.takeover import idle_text

KICKSTART_NAME = "photon.json"
LOG_NAME = "photon-install.log"
_VOLUMES_SHOWN = 5
_DISKS_IN_FULL, _DISKS_SHOWN = 3, 8


def help_on_keys(place: keys.Place, *, typing: bool = False) -> Question:
    """The keys that do something now."""
    return Question(title="Keys", lines=keys.help_lines(place, typing=typing), cancel="Close")


def take_over(holder: Holder) -> Question:
    """Whether to go on here, while another console is used."""
    text = (
        f"Take over from {holder.name}? {idle_text(holder)} The answers typed there stay there; "
        "on this console you start with your own."
    )
    return Question(
        title="Take over",
        lines=lines(text),
        about=About.TAKE_OVER,
        confirm="Take over",
        cancel="Leave it",
    )


def really_quit(outcome: Finished | Failed | None) -> Question:
    """Whether to leave; ``outcome`` is that of an installation that has ended."""
    text = "Quit? The installer restarts and your answers are lost."
    if isinstance(outcome, Finished):
        text = (
            "The installation is complete. Leave without rebooting? The installer then restarts "
            "with its first screen."
        )
    elif outcome:
        text = (
            "Quit? The installer restarts: your answers are lost, and so is the log unless you "
            "save it first."
        )
    return Question(
        title="Quit",
        lines=lines(text),
        about=About.QUIT,
        confirm="Quit",
        cancel="Stay",
    )


def really_cancel() -> Question:
    """Whether to stop an installation that runs."""
    text = (
        "Cancel the installation? The disk is restored if no filesystem has been created yet. "
        "Otherwise the data listed in the review is lost, and the new system will not boot."
    )
    return Question(
        title="Cancel the installation",
        lines=lines(text),
        about=About.CANCEL,
        confirm="Cancel the installation",
        cancel="Continue installing",
    )


def save_kickstart(volumes: tuple[Volume, ...]) -> Question:
    """Where to save the kickstart."""
    text = (
        "The kickstart repeats this installation. It holds hashes, not passwords, and only root "
        "can read it."
    )
    question = _path(text, KICKSTART_NAME, volumes)
    return replace(question, title="Save as kickstart", about=About.SAVE)


def save_log(volumes: tuple[Volume, ...]) -> Question:
    """Where to save the log."""
    text = "The new host, once it is installed, has its log in /var/log/photon-installer/."
    question = _path(text, LOG_NAME, volumes)
    return replace(question, title="Save the log", about=About.SAVE_LOG)


def saved(place: str, wrong: str) -> Question:
    """How it went; ``wrong`` is "" when the file is there."""
    return tell("Not saved" if wrong else "Saved", saved_text(place, wrong))


def saved_text(place: str, wrong: str) -> str:
    """How it went, and whether the file stays."""
    if wrong:
        return f"! Not saved: {wrong}"
    lost = "\n! This location is in memory: a restart loses the file." if in_memory(place) else ""
    return f"Saved as {place}{lost}"


def erase_disk(plan: PlanView, wiped: tuple[Disk, ...]) -> Question:
    """The last question before anything is written: the names of all the disks that lose data."""
    changes = disk_changes(plan.storage, wiped)
    erased = tuple(each.disk for each in changes if each.erased)
    named = tuple(each.disk for each in changes if each.loses) or (changes[0].disk,)
    names = tuple(short_name(each) for each in named)
    wanted = confirmation(named)

    def refuse(text: str) -> str:
        return "" if is_confirmed(text, named) else f"Type {wanted} to continue, or choose Cancel."

    many = f"these {len(erased)} disks" if len(erased) > 1 else "this disk"
    groups = {f"Everything on {many} will be lost:": erased} if erased else {}
    for each in changes:
        if not each.erased:
            groups[f"{each.text}:"] = (*groups.get(f"{each.text}:", ()), each.disk)
    room = _DISKS_SHOWN // len(groups)
    listed = (line for head, disks in groups.items() for line in (head, *_disk_lines(disks, room)))
    verb = "Erase" if erased else "Change"
    what = "the disk" if len(names) == 1 else f"{len(names)} disks"
    all_names = lines(f"All of them: {', '.join(names)}") if len(names) > _DISKS_IN_FULL else ()
    return Question(
        title=f"{verb} {what}?",
        lines=(*listed, *all_names, "", f"Type {wanted} to confirm."),
        about=About.ERASE,
        confirm=f"{verb} and install",
        label=f"{'Disk' if len(names) == 1 else 'Disks'} to {verb.lower()}",
        refuse=refuse,
    )


def _disk_lines(disks: tuple[Disk, ...], room: int) -> Iterator[str]:
    """Each disk with its serial number; of many only so many as a window has room for."""
    if len(disks) <= _DISKS_IN_FULL:
        for disk in disks:
            yield f"  {disk_line(disk)}"
            yield f"  {serial_text(disk)}"
        return
    for disk in disks[:room]:
        yield f"  {disk_line(disk)}"
    if len(disks) > room:
        yield f"  and {len(disks) - room} more, see the review"


def _path(text: str, name: str, volumes: tuple[Volume, ...]) -> Question:
    """Where to save ``name``: what is proposed survives a restart."""

    def refuse(typed: str) -> str:
        known = is_place(typed.strip())
        return "" if known else f"Enter a volume and a name, like sdb1:{name}, or an absolute path."

    home = f"/root/{name}"
    proposed = f"{volumes[0].name}:{name}" if volumes else "" if in_memory(home) else home
    return Question(
        title="",
        lines=(*lines(text), "", *_volume_lines(volumes, name)),
        confirm="Save",
        label="File",
        text=proposed,
        refuse=refuse,
    )


def _volume_lines(volumes: tuple[Volume, ...], name: str) -> tuple[str, ...]:
    if not volumes:
        return lines(
            "No removable volume was found. Attach one and enter the name of its partition, like "
            f"sdb1:{name}. On the installation medium, any absolute path is in memory."
        )
    shown = volumes[:_VOLUMES_SHOWN]
    more = len(volumes) - len(shown)
    named = tuple(f"  {each.name}: {each.text}"[:WIDTH] for each in shown)
    return ("Removable volumes:", *named, *((f"  and {more} more",) if more else ()))
