"""Steps that let a new host stay the one that it replaces: by its SSH host keys and machine-id."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from installer.actions.context import Context
from installer.actions.host.files import WriteFile
from installer.actions.host.finish import LOG_FOLDER
from installer.actions.storage.old_volumes import OldVolumes, unfit
from installer.errors import CommandFailed
from installer.events import Message
from installer.filesystems import filesystem_type
from installer.secret import Secret
from installer.system.private import private_directory

SSH_HOST_KEYS = "ssh_host_keys"
MACHINE_ID = "machine_id"
_MACHINE_ID = "/etc/machine-id"
_KEY_FOLDER = "/etc/ssh"
_KEY_NAME = re.compile(r"ssh_host_[a-z0-9]+_key(\.pub)?")
_LARGEST_FILE = 1 << 16
_NAMES = {SSH_HOST_KEYS: "the SSH host keys", MACHINE_ID: "the machine-id"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Host:
    """A host that is on a disk: where, whether this installer made it, what is kept of it."""

    place: str
    is_photon: bool
    files: Mapping[str, Secret]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindIdentity:
    """Read what is to be kept of the host on the disks into memory, and write nothing.

    ``volumes`` are the devices that will lose what is on them; whatever is stacked on them is
    brought up read-only, with the ``passphrases`` where it is encrypted, and taken down again.
    """

    things: tuple[str, ...]
    volumes: tuple[str, ...]
    passphrases: tuple[Secret, ...] = ()
    weight: float = 5.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"keep {_named(self.things)} of the host that is there, if there is one"

    def check(self, context: Context) -> None:
        """It looks before anything is written."""

    def run(self, context: Context) -> None:
        """Look at every filesystem.

        :raises MachineUnfit: nobody can tell what is to be kept: there are several hosts, the
            passphrase is wrong, or there may be one where nothing could be read.
        """
        earlier = OldVolumes(context=context, passphrases=self.passphrases)
        hosts: list[_Host] = []

        def look(node: str, kind: str) -> None:
            if filesystem_type(kind).read_only:
                hosts.extend(self._hosts_on(context, node, kind, earlier.unread))

        earlier.look(self.volumes, look)
        host = _the_host(hosts, earlier.unread)
        if host is None:
            text = "nothing to preserve was found: the host gets an identity of its own"
            context.emit(Message(level="info", text=text))
            return
        context.kept = dict(host.files)
        found = ", ".join(host.files) or "nothing"
        text = f"kept of the host on {host.place}: {found}"
        context.emit(Message(level="info", text=text))

    def _hosts_on(
        self, context: Context, node: str, kind: str, unread: list[str]
    ) -> tuple[_Host, ...]:
        """The hosts on a filesystem, which is mounted for a while so that nothing on it changes."""
        place = context.work / "earlier"
        private_directory(place)
        found = filesystem_type(kind)
        driver = found.driver or kind
        own = (found.read_only, found.top_option, "nodev", "nosuid", "noexec")
        options = ",".join(filter(None, own))
        depth = context.depth
        try:
            context.runner.run(["mount", "-t", driver, "-o", options, node, str(place)])
        except CommandFailed as error:
            unread.append(f"{node} ({error.message})")
            return ()
        context.on_undo(f"unmount {place}", lambda: context.runner.run(["umount", str(place)]))
        try:
            return tuple(_hosts(context, place, node, kind, self.things))
        finally:
            context.unwind(depth)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreIdentity:
    """Give the new host what FindIdentity found, in place of what was made for it."""

    things: tuple[str, ...]
    weight: float = 0.1

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"give the host {_named(self.things)} of the earlier one, if there was one"

    def check(self, context: Context) -> None:
        """Nothing to look at before the root is there."""

    def run(self, context: Context) -> None:
        """Write the files."""
        for path, text in context.kept.items():
            WriteFile(path=path, text=text.reveal(), mode=_mode(path)).run(context)


def _named(things: tuple[str, ...]) -> str:
    return " and ".join(_NAMES[each] for each in things)


def _mode(path: str) -> int:
    if path == _MACHINE_ID:
        return 0o444
    return 0o644 if path.endswith(".pub") else 0o600


def _hosts(
    context: Context, top: Path, node: str, kind: str, things: tuple[str, ...]
) -> Iterator[_Host]:
    """The hosts on a mounted filesystem: one, or as many as a btrfs has subvolumes."""
    roots = [""]
    if filesystem_type(kind).has_subvolumes:
        listed = context.runner.run(["btrfs", "subvolume", "list", str(top)]).split("\n")
        roots += sorted(filter(None, (line.partition(" path ")[2] for line in listed)))
    known: list[str] = []
    for root in roots:
        # What is inside a host is that host's: its snapshots, its containers.
        if any(not each or root.startswith(f"{each}/") for each in known):
            continue
        # A name is the disk's own: with an end of line in it the list could name any place.
        place = _below(top, f"/{root}")
        files = _files(place) if place else {}
        if place and _MACHINE_ID in files:
            known.append(root)
            yield _Host(
                place=f"{node}, subvolume {root}" if root else node,
                is_photon=_below(place, LOG_FOLDER) is not None,
                files={path: each for path, each in files.items() if _thing(path) in things},
            )


def _thing(path: str) -> str:
    return MACHINE_ID if path == _MACHINE_ID else SSH_HOST_KEYS


def _files(root: Path) -> dict[str, Secret]:
    """What can be kept of a host, by the paths of its files; no machine-id when it is no host."""
    files: dict[str, Secret] = {}
    identity = _text(root, _MACHINE_ID)
    if re.fullmatch(r"[0-9a-f]{32}\n?", identity):
        files[_MACHINE_ID] = Secret(identity.strip() + "\n")
    folder = _below(root, _KEY_FOLDER)
    names = sorted(each.name for each in folder.iterdir()) if folder and folder.is_dir() else []
    for name in filter(_KEY_NAME.fullmatch, names):
        path = f"{_KEY_FOLDER}/{name}"
        if text := _text(root, path):
            files[path] = Secret(text)
    return files


def _text(root: Path, path: str) -> str:
    """The text of a file; "" when there is none, or nothing that could be such a file."""
    place = _below(root, path)
    if place is None or not place.is_file() or place.stat().st_size > _LARGEST_FILE:
        return ""
    return place.read_bytes().decode("utf-8", errors="ignore")


def _below(root: Path, path: str) -> Path | None:
    """A place below ``root``, which no link on the way leads out of; None when it is not there."""
    place = root
    for part in Path(path).parts[1:]:
        place /= part
        if part == ".." or place.is_symlink():
            return None
    return place if place.exists() else None


def _the_host(hosts: list[_Host], unread: list[str]) -> _Host | None:
    """The one host that is meant: one that this installer made is preferred."""
    meant = [each for each in hosts if each.is_photon] or hosts
    # A copy of a host (a mirror's half, a snapshot) is the same host.
    different = {tuple(each.files.items()): each for each in meant}
    if len(different) > 1:
        places = "; ".join(each.place for each in different.values())
        raise unfit(
            f"there are {len(different)} hosts whose identity could be kept: {places}",
            'leave "preserve" out, or take away the disks of those that are not meant',
        )
    if not different and unread:
        raise unfit(
            f"whether there is a host to preserve is unknown: {'; '.join(unread)}",
            'see to what is wrong there, or leave "preserve" out',
        )
    return next(iter(different.values()), None)
