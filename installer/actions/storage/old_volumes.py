"""What an earlier system stacked on disks, brought up read-only for a look and taken down again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from installer.actions.context import Context
from installer.actions.storage.array import free_node
from installer.actions.storage.disk import await_node
from installer.errors import CommandFailed, MachineUnfit
from installer.events import Message
from installer.machine.probe.layers import parse_members
from installer.secret import Secret
from installer.system.blkid import probed
from installer.system.program_output import json_rows, text_in
from ks_schema.problem import Problem

# No system gives an opened volume such a name.
_NAME = "photon-preserve"

# What looks at a filesystem: it gets the device and the kind.
Look = Callable[[str, str], None]


@dataclass(slots=True, kw_only=True)
class OldVolumes:
    """Brings up what lies on devices: encrypted volumes, arrays, volume groups.

    ``unread`` are those where something did not work, each with the reason.
    """

    context: Context
    passphrases: tuple[Secret, ...] = ()
    unread: list[str] = field(default_factory=list)
    _opened_ones: int = 0

    def look(self, devices: Iterable[str], look: Look) -> None:
        """Let ``look`` see each device that carries no layer of another; all is closed then.

        :raises MachineUnfit: none of the passphrases opens an encrypted volume.
        """
        depth = self.context.depth
        try:
            for group in self._volume_groups(self._brought_up(devices, look)):
                inner = self.context.depth
                self.look(self._activated(*group), look)
                # Two disks that were made alike have two groups of one name.
                self.context.unwind(inner)
        finally:
            self.context.unwind(depth)

    def _brought_up(self, devices: Iterable[str], look: Look) -> list[str]:
        """Look at all that needs no volume group; give back the members of those."""
        waiting = list(devices)
        arrays: dict[str, tuple[str, ...]] = {}
        physical: list[str] = []
        while waiting:
            node = waiting.pop(0)
            match self._content(node):
                case "crypto_LUKS", _:
                    waiting += self._opened(node)
                case "linux_raid_member", uuid:
                    arrays[uuid] = (*arrays.get(uuid, ()), node)
                case "LVM2_member", _:
                    physical.append(node)
                case kind, _:
                    look(node, kind)
            if not waiting:
                for members in arrays.values():
                    waiting += self._assembled(members)
                arrays.clear()
        return physical

    def _content(self, node: str) -> tuple[str, str]:
        """The kind and the UUID of what is on a device, read from the device itself."""
        found = probed(self.context.runner, node)
        return found.get("TYPE", ""), found.get("UUID", "")

    def _opened(self, node: str) -> list[str]:
        if not self.passphrases:
            text = f"{node} is encrypted and the kickstart has no passphrase: nothing in it is kept"
            self.context.emit(Message(level="warning", text=text))
            return []
        self._opened_ones += 1
        name = f"{_NAME}-{self._opened_ones}"
        if not any(self._opens(node, name, each) for each in self.passphrases):
            raise unfit(
                f"{node} is encrypted, and the passphrase of the kickstart does not open it",
                'give the one that opens it, or leave "preserve" out',
            )
        self._on_undo(f"close the encrypted volume {name}", ["cryptsetup", "close", name])
        opened = f"/dev/mapper/{name}"
        await_node(self.context, opened)
        return [opened]

    def _opens(self, node: str, name: str, passphrase: Secret) -> bool:
        command = ["cryptsetup", "open", "--type=luks", "--readonly", "--key-file=-", node, name]
        try:
            self.context.runner.run(command, stdin=passphrase)
        except CommandFailed:  # the runner has logged why
            return False
        return True

    def _assembled(self, members: tuple[str, ...]) -> list[str]:
        """An array, even if members are missing; read-only, so that it is not synchronised."""
        node = free_node()
        try:
            self.context.runner.run(["mdadm", "--assemble", node, "--readonly", "--run", *members])
        except CommandFailed as error:
            self.unread.append(f"{', '.join(members)} ({error.message})")
            return []
        self._on_undo(f"stop the array {node}", ["mdadm", "--stop", node])
        await_node(self.context, node)
        return [node]

    def _volume_groups(self, physical: list[str]) -> Iterator[tuple[str, str]]:
        """The name of each volume group on these devices, and its members as LVM wants them."""
        if not physical:
            return
        command = ["pvs", f"--devices={','.join(physical)}", "--reportformat=json"]
        rows = self.context.runner.run([*command, "--options=pv_name,vg_name,vg_uuid"])
        groups: dict[tuple[str, str], list[str]] = {}
        for path, name, uuid in parse_members(rows):
            groups.setdefault((name, uuid), []).append(path)
        for (name, _), members in groups.items():
            yield name, ",".join(members)

    def _activated(self, name: str, members: str) -> list[str]:
        """The volumes of a group. LVM sees no other device, so that no other group is meant."""
        see = f"--devices={members}"
        # Without it the volumes would want to write to what was opened read-only.
        read_only = f'--config=activation/read_only_volume_list=["{name}"]'
        self._on_undo(
            f"deactivate the volume group {name}", ["vgchange", see, "--activate=n", name]
        )
        start = ["vgchange", see, read_only, "--activationmode=partial", "--activate=y", name]
        try:
            self.context.runner.run(start)
        except CommandFailed as error:  # of one volume; the others are active
            self.unread.append(f"{name} ({error.message})")
        self.context.runner.run(["udevadm", "settle"])
        report = self.context.runner.run(
            ["lvs", see, "--reportformat=json", "--options=lv_dm_path,lv_active", name]
        )
        rows = json_rows("lvs", report, "report", "lv")
        active = [text_in(row, "lv_dm_path") for row in rows if row.get("lv_active") == "active"]
        return [path for path in active if path.startswith("/dev/")]

    def _on_undo(self, description: str, command: list[str]) -> None:
        def undo() -> None:
            self.context.runner.run(command)
            self.context.runner.run(["udevadm", "settle"])

        self.context.on_undo(description, undo)


def unfit(message: str, hint: str) -> MachineUnfit:
    """That nothing can be preserved as the kickstart asks for."""
    return MachineUnfit([Problem(pointer="/storage/preserve", message=message, hint=hint)])
