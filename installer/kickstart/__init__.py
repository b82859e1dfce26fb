"""Where a kickstart comes from: files, web servers, the medium, labelled volumes, the kernel."""

from installer.kickstart.parameters import (
    KernelParameters,
    kernel_command_line,
    kernel_parameters,
    with_disk,
)
from installer.kickstart.sources import (
    find_volume_kickstart,
    parse_kickstart,
    read_kickstart,
    volume_label,
)

__all__ = [
    "KernelParameters",
    "find_volume_kickstart",
    "kernel_command_line",
    "kernel_parameters",
    "parse_kickstart",
    "read_kickstart",
    "volume_label",
    "with_disk",
]
