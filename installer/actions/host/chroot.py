"""What programs of the new host need around them while they run inside its tree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from installer.actions.context import Context


@contextmanager
def kernel_filesystems(context: Context) -> Iterator[None]:
    """The kernel's filesystems and the name resolution of the running system, in the new root.

    At the end everything is taken back that was done meanwhile.
    """
    depth = context.depth
    try:
        for source in ("/proc", "/sys", "/dev"):
            _bind(context, source, "rbind")
        if Path("/run/systemd/resolve").is_dir():
            _bind(context, "/run/systemd/resolve", "bind")
        yield
    finally:
        context.unwind(depth)


def _bind(context: Context, source: str, options: str) -> None:
    # A link there would lead the mount to a place of the running system.
    place = context.root.straight(source)
    place.mkdir(parents=True, exist_ok=True)
    # A slave: what is mounted or unmounted below it inside stays there.
    context.runner.run(["mount", "-o", options, source, str(place)])
    context.on_undo(
        f"unmount {place}", lambda: context.runner.run(["umount", "--recursive", str(place)])
    )
    context.runner.run(["mount", "--make-rslave", str(place)])
