"""Where a kickstart comes from: files, web servers, the medium, labelled volumes, the kernel."""

from installer.kickstart.parameters import KernelParameters, kernel_parameters, with_disk
from installer.kickstart.sources import find_volume_kickstart, parse_kickstart, read_kickstart

__all__ = [
    "KernelParameters",
    "find_volume_kickstart",
    "kernel_parameters",
    "parse_kickstart",
    "read_kickstart",
    "with_disk",
]
