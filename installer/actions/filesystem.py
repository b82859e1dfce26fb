"""Steps on filesystems: make them, mount them, put swap space into them."""

from __future__ import annotations

from dataclasses import dataclass

from installer.context import Context
from installer.sizes import format_size

VFAT = "vfat"
SWAP = "swap"
EXT4 = "ext4"
BTRFS = "btrfs"


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeFilesystem:
    """Make a filesystem, or swap space, with an identifier that is known beforehand.

    ``kind`` is ``ext4``, ``btrfs``, ``vfat`` or ``swap``; a vfat ``uuid`` looks like ``1A2B-3C4D``.
    """

    volume: str
    kind: str
    uuid: str
    label: str
    weight: float = 1.0

    def describe(self) -> str:
        """See :class:`~installer.plan.model.Action`."""
        return f"make {self.kind} on {self.volume}, label {self.label}, UUID {self.uuid}"

    def check(self, context: Context) -> None:
        """Nothing to look at before the volume is there."""

    def run(self, context: Context) -> None:
        """Make it. The first one is the end of the way back."""
        context.begin_format()
        context.runner.run([*self._command(), context.node(self.volume)])

    def _command(self) -> list[str]:
        match self.kind:
            case "vfat":
                volume_id = self.uuid.replace("-", "")
                return ["mkfs.vfat", "-F", "32", "-i", volume_id, "-n", self.label]
            case "swap":
                return ["mkswap", "--uuid", self.uuid, "--label", self.label]
            case "btrfs":
                return ["mkfs.btrfs", "--quiet", "--force", "-U", self.uuid, "-L", self.label]
            case "ext4":
                return ["mkfs.ext4", "-q", "-F", "-U", self.uuid, "-L", self.label]
        raise ValueError(f"no filesystem is called {self.kind!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MountRoot:
    """Mount the new host's root where the payload will be extracted."""

    volume: str
    kind: str
    options: str
    weight: float = 0.2

    def describe(self) -> str:
        """See :class:`~installer.plan.model.Action`."""
        return f"mount {self.volume} ({self.kind}, {self.options}) as the new root"

    def check(self, context: Context) -> None:
        """Nothing to look at before the filesystem is there."""

    def run(self, context: Context) -> None:
        """Mount it."""
        context.target.mkdir(parents=True, exist_ok=True)
        node, target = context.node(self.volume), str(context.target)
        context.runner.run(["mount", "-t", self.kind, "-o", self.options, node, target])
        context.on_undo(f"unmount {target}", lambda: context.runner.run(["umount", target]))


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeSwapFile:
    """Make a swap file inside the new root."""

    path: str
    size: int
    kind: str
    uuid: str
    weight: float = 1.0

    def describe(self) -> str:
        """See :class:`~installer.plan.model.Action`."""
        return f"make the swap file {self.path}, {format_size(self.size)}"

    def check(self, context: Context) -> None:
        """Nothing to look at before the filesystem is there."""

    def run(self, context: Context) -> None:
        """Make it without holes, as the kernel wants it."""
        place = context.inside(self.path)
        if self.kind == BTRFS:
            # btrfs wants a file that is neither compressed nor copied on write:
            # https://btrfs.readthedocs.io/en/latest/Swapfile.html
            command = ["btrfs", "filesystem", "mkswapfile", "--uuid", self.uuid]
            context.runner.run([*command, "--size", str(self.size), str(place)])
            return
        context.runner.run(["fallocate", "--length", str(self.size), str(place)])
        place.chmod(0o600)
        context.runner.run(["mkswap", "--uuid", self.uuid, str(place)])
