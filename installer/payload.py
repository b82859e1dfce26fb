"""The payload: ready-made root trees in squashfs images, listed in ``index.json``."""

from __future__ import annotations

import hashlib
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from installer.config.model import KernelFlavour, PackageSet
from installer.errors import PayloadBad

INDEX_FORMAT = 1
INDEX_NAME = "index.json"
_CHUNK = 1 << 20
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadImage:
    """A squashfs image: its file name beside the index, its size in bytes, its digest."""

    file: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadTree:
    """A complete root tree inside an image, below ``path``. ``installed_size`` is bytes.

    ``units``, ``groups``, ``users`` and ``shells`` are the systemd units, the groups, the accounts
    and the login shells that it has; empty where the index does not say.
    """

    name: str
    set: PackageSet
    kernel: KernelFlavour
    image: PayloadImage
    path: str
    kernel_version: str
    installed_size: int
    units: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    shells: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadIndex:
    """What can be installed. ``source`` is the folder of the index: a path or an HTTP URL."""

    source: str
    edition: str
    trees: tuple[PayloadTree, ...]

    def tree(self, package_set: PackageSet, kernel: KernelFlavour) -> PayloadTree | None:
        """The tree for a package set and a kernel, if the medium has it."""
        for tree in self.trees:
            if (tree.set, tree.kernel) == (package_set, kernel):
                return tree
        return None


def load_payload_index(source: str, *, sha256: str | None = None) -> PayloadIndex:
    """Read the index in the folder ``source``, a path or an HTTP URL.

    ``sha256`` is the digest that the boot files of the medium vouch for.

    :raises PayloadBad: it is missing, has another digest, or does not say what an index says.
    """
    place = f"{source.rstrip('/')}/{INDEX_NAME}"
    with open_payload(place) as stream:
        try:
            text = stream.read()
        except (OSError, http.client.HTTPException) as error:
            raise PayloadBad(f"{place}: read error: {error}", "Write the medium anew.") from error
    if sha256 is not None and hashlib.sha256(text).hexdigest() != sha256:
        raise PayloadBad(
            f"{place}: not the index that this medium was started with",
            "The medium is damaged or was changed. Write it anew from a verified ISO.",
        )
    try:
        return _index(source.rstrip("/"), json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else error
        raise PayloadBad(
            f"{place}: not a payload index: {reason}", "Write the medium anew."
        ) from error


def open_payload(place: str) -> BinaryIO:
    """Open a file of the payload, a path or an HTTP URL, for reading.

    :raises PayloadBad: it is not there or does not answer.
    """
    try:
        if place.startswith(("http://", "https://")):
            stream: BinaryIO = urllib.request.urlopen(place, timeout=_TIMEOUT_SECONDS)  # noqa: S310
            return stream
        return Path(place).open("rb")
    except urllib.error.URLError as error:
        reason = f"HTTP {error.code}" if isinstance(error, urllib.error.HTTPError) else error.reason
        raise PayloadBad(f"{place}: {reason}", "Is the server up and the path right?") from error
    except OSError as error:
        raise PayloadBad(
            f"{place}: {error.strerror or error}",
            "The medium has no payload, or cannot be read; --payload names the folder of another.",
        ) from error
    except (http.client.HTTPException, ValueError) as error:
        raise PayloadBad(f"{place}: {error}", "Is this the address of a payload?") from error


def verify_image(
    source: str,
    image: PayloadImage,
    *,
    advance: Callable[[int], None],
    keep: Path | None = None,
) -> None:
    """Read an image once and compare its size and digest; keep a copy at ``keep`` if given.

    ``advance`` is called with the number of bytes after each piece.

    :raises PayloadBad: it is missing or differs.
    """
    place = f"{source}/{image.file}"
    digest = hashlib.sha256()
    size = 0
    with open_payload(place) as stream, open(keep or "/dev/null", "wb") as copy:  # noqa: PTH123
        try:
            while piece := stream.read(_CHUNK):
                digest.update(piece)
                copy.write(piece)
                size += len(piece)
                advance(len(piece))
        except (OSError, http.client.HTTPException) as error:
            raise PayloadBad(
                f"{place}: read error after {size} bytes: {error}", "Write the medium anew."
            ) from error
    if (size, digest.hexdigest()) != (image.size, image.sha256):
        raise PayloadBad(
            f"{place}: wrong digest: the image has {size} bytes with SHA-256 "
            f"{digest.hexdigest()}, the index says {image.size} with {image.sha256}",
            "The medium is damaged or was changed. Write it anew from a verified ISO.",
        )


def _index(source: str, data: Mapping[str, Any]) -> PayloadIndex:
    if data["format"] != INDEX_FORMAT:
        raise ValueError(f"format {data['format']!r} is not {INDEX_FORMAT}")
    images = {
        each["file"]: PayloadImage(
            file=_file_name(each["file"]), size=int(each["size"]), sha256=str(each["sha256"])
        )
        for each in data["images"]
    }
    return PayloadIndex(
        source=source,
        edition=str(data["edition"]),
        trees=tuple(
            PayloadTree(
                name=each["name"],
                set=PackageSet(each["set"]),
                kernel=KernelFlavour(each["kernel"]),
                image=images[each["image"]],
                path=_inner_path(each["path"]),
                kernel_version=each["kernel_version"],
                installed_size=int(each["installed_size"]),
                units=frozenset(each.get("units", ())),
                groups=frozenset(each.get("groups", ())),
                users=frozenset(each.get("users", ())),
                shells=frozenset(each.get("shells", ())),
            )
            for each in data["trees"]
        ),
    )


def _file_name(name: str) -> str:
    """A file beside the index and nowhere else: a copy is kept under the same name."""
    if name in {"", ".", ".."} or "/" in name:
        raise ValueError(f"{name!r} is not a file name")
    return name


def _inner_path(path: str) -> str:
    """A folder inside the image: the new root is mounted at a place of the same name."""
    parts = PurePosixPath(path).parts
    if path.startswith(("/", "-")) or ".." in parts:
        raise ValueError(f"{path!r} is not a folder inside an image")
    return path
