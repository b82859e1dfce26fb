"""``make run``: the medium in this terminal, on a virtual disk that is kept."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from tests.vm.media import blank_disk, built_medium
from tests.vm.qemu import Firmware, VmConfig, VmDisk, qemu_arguments
from tests.vm.virtual_machine import LOG_FOLDER

FOLDER = LOG_FOLDER.parent / "run"
DISK = FOLDER / "disk.img"


def main(arguments: Sequence[str]) -> int:
    """Start the medium, then the disk; with ``disk`` as an argument the disk at once."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not DISK.exists():
        blank_disk(DISK)
    if "disk" not in arguments:
        print("The installer starts in half a minute. Choose the serial entry. Ctrl-A X pulls the")
        print(f"plug. The disk is {DISK}; when the machine restarts, it starts from that.")
        code = _start(with_medium=True)
        if code != 0:
            return code
    print("The disk starts (again: make run BOOT=disk).")
    return _start(with_medium=False)


def _start(*, with_medium: bool) -> int:
    config = VmConfig(
        name="by-hand",
        firmware=Firmware.SECURE,
        variables=FOLDER / "variables.fd",
        disks=(VmDisk(path=DISK, serial="PHOTON0"),),
        cdrom=built_medium() if with_medium else None,
        stop_on_reset=with_medium,
    )
    command = qemu_arguments(config, serial="stdio,mux=on,signal=off", monitor="null")
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
