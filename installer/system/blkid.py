"""What ``blkid`` finds on a device, read from the device itself."""

from __future__ import annotations

import shlex

from installer.errors import CommandFailed
from installer.system.runner import Runner


def probed(runner: Runner, node: str) -> dict[str, str]:
    """The pairs that it finds; none when it finds nothing, or the device cannot be read."""
    try:
        return tags(runner.run(["blkid", "--probe", "--output=export", node]))
    except CommandFailed:  # how it says that there is nothing that it knows
        return {}


def tags(export: str) -> dict[str, str]:
    """The pairs in the output of ``blkid --output export``."""
    pairs = (word.partition("=") for line in export.split("\n") for word in _words(line))
    return {key: value for key, equals, value in pairs if equals}


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # a quote without its other half, in what a disk says of itself
        return []
