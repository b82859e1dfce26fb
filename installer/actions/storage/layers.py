"""The step that stops what an earlier system left active on the disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from installer.actions.context import Context
from installer.machine.facts import Layer, LayerKind

_NEVER_ACTIVE = "a pool is what nothing has assembled"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopLayer:
    """Stop using swap space, close an encrypted volume, deactivate a volume group, stop an array.

    Nothing is written by it that was not due: what lies on the disk is still whole afterwards.
    """

    layer: Layer
    weight: float = 0.5

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        name = self.layer.name
        match self.layer.kind:
            case LayerKind.SWAP:
                return f"stop using the swap space on {name}"
            case LayerKind.CRYPT:
                return f"close the encrypted volume {name}"
            case LayerKind.LVM:
                return f"deactivate the volume group {name} ({', '.join(self.layer.devices)})"
            case LayerKind.MD:
                return f"stop the array {name}"
            case LayerKind.POOL:
                raise ValueError(_NEVER_ACTIVE)
            case _:
                assert_never(self.layer.kind)

    def check(self, context: Context) -> None:
        """Nothing to look at: when it does not work, nothing has been written yet."""

    def run(self, context: Context) -> None:
        """Stop it, and wait until udev has seen that."""
        context.runner.run(self._command())
        context.runner.run(["udevadm", "settle"])

    def _command(self) -> list[str]:
        match self.layer.kind:
            case LayerKind.SWAP:
                return ["swapoff", self.layer.name]
            case LayerKind.CRYPT:
                return ["cryptsetup", "close", self.layer.name]
            case LayerKind.LVM:
                # Two disks that were made alike have two groups of one name: the UUID tells which.
                which = ["--select", f"vg_uuid={self.layer.uuid}"] if self.layer.uuid else []
                return ["vgchange", "--activate", "n", *(which or [self.layer.name])]
            case LayerKind.MD:
                return ["mdadm", "--stop", *self.layer.devices[:1]]
            case LayerKind.POOL:
                raise ValueError(_NEVER_ACTIVE)
            case _:
                assert_never(self.layer.kind)
