"""What a host measured that the installer made: OVMF with Microsoft's keys, swtpm, shim, GRUB.

``eventlog.bin`` is its binary_bios_measurements, ``pcrs.txt`` what its kernel says of the PCRs.
"""

from __future__ import annotations

from pathlib import Path

from installer.measured.log import parse_log

FOLDER = Path(__file__).parent
LOG = FOLDER / "eventlog.bin"
EVENTS = parse_log(LOG.read_bytes())


def pcrs() -> dict[int, bytes]:
    """The registers by their numbers."""
    lines = (FOLDER / "pcrs.txt").read_text("ascii").split("\n")
    return {int(line.split()[0]): bytes.fromhex(line.split()[1]) for line in lines if line}
