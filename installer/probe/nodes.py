"""The nodes of ``lsblk --json``: a device, its columns, and what lies on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Node = Mapping[str, Any]


def children_of(node: Node) -> list[Node]:
    """What lies on the device directly."""
    children: list[Node] = node.get("children", [])
    return children


def mounts_of(node: Node) -> tuple[str, ...]:
    """Where the device is mounted."""
    return tuple(mount for mount in node.get("mountpoints") or () if mount)


def text_of(node: Node, column: str) -> str:
    """A column's text; "" when lsblk has none for it."""
    return (node.get(column) or "").strip()
