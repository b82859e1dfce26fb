"""A disk's partition table as it stands."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from installer.errors import CommandFailed
from installer.machine.partition_table import Table, TableEntry, table_differences


def read_table(path: str | Path) -> Table:
    """The partition table of a device or of an image file, which is not changed.

    :raises CommandFailed: the file cannot be read, or its table is damaged.
    """
    # Imported here: a plan does not need it, and not each machine has the library behind it.
    from installer.machine.parted_table import parted_table  # noqa: PLC0415

    return parted_table(path)


def verify_table(
    path: str | Path, expected: Iterable[TableEntry], *, kind: str = "gpt", guid: str = ""
) -> None:
    """Compare the table on ``path`` with what was planned: every partition, and no other.

    :raises CommandFailed: it is not there, cannot be read or differs; the message has every
        difference.
    """
    found = tuple(table_differences(read_table(path), expected, kind=kind, guid=guid))
    if found:
        raise CommandFailed(
            f"{path}: the partition table is not what was written: {'; '.join(found)}",
            "The disk does not keep what it is given. Look at its cable and its health, or use "
            "another one.",
        )
