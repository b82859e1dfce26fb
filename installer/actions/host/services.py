"""Steps on units and scripts of the new host."""

from __future__ import annotations

from dataclasses import dataclass

from installer.actions.context import Context
from installer.actions.host.chroot import kernel_filesystems

_VERBS = {"enabled": "enable", "disabled": "disable", "masked": "mask"}
_UNITS = "/etc/systemd/system"
_LISTS = frozenset({".wants", ".requires", ".upholds"})
_SCRIPT = "/var/tmp/photon-installer-script"  # noqa: S108  (inside the new host, mode 0700)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUnits:
    """Enable, disable or mask units for the first start (``state`` as in the kickstart)."""

    state: str
    units: tuple[str, ...]
    weight: float = 0.5

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"{_VERBS[self.state]} {', '.join(self.units)}"

    def check(self, context: Context) -> None:
        """The planner has compared the units with those of the payload."""

    def run(self, context: Context) -> None:
        """Set them."""
        # systemctl makes links in these, and would follow one that is there out of the new root.
        for each in context.root.directory(_UNITS).iterdir():
            if each.suffix in _LISTS:
                context.root.straight(f"{_UNITS}/{each.name}")
        context.root.straight(_UNITS)
        root = f"--root={context.target}"
        context.runner.run(["systemctl", root, "--quiet", _VERBS[self.state], *self.units])


@dataclass(frozen=True, slots=True, kw_only=True)
class RunScript:
    """Run a script of the kickstart inside the new host's tree; ``timeout`` in seconds."""

    name: str
    text: str
    timeout: float
    weight: float = 5.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"run the script {self.name} in the new host (at most {self.timeout:g} s)"

    def check(self, context: Context) -> None:
        """Only running it shows what it does."""

    def run(self, context: Context) -> None:
        """Run it with the kernel's filesystems and name resolution of the running system."""
        with kernel_filesystems(context):
            place = context.root.write(_SCRIPT, self.text.encode(), mode=0o700)
            context.on_undo(f"remove {_SCRIPT}", lambda: place.unlink(missing_ok=True))
            # In a process namespace, whose end is the end of every daemon that the script started:
            # one that went on would keep the new root busy.
            alone = ["unshare", "--pid", "--fork", "--kill-child"]
            context.runner.run(
                [*alone, "chroot", str(context.target), _SCRIPT], timeout=self.timeout
            )
