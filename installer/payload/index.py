"""The payload: ready-made root trees in squashfs images, listed in ``index.json``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from installer.config.packages import KernelFlavour, PackageSet
from installer.errors import PayloadBad
from installer.payload.contents import UNIT, TreeContents, tree_contents
from installer.payload.values import names, number, some_names, text
from installer.secret import Secret
from installer.sources.fetch import (
    USUAL,
    FetchFailed,
    RetryPolicy,
    fetch,
    is_web_address,
    without_credentials,
)
from installer.system.medium import lost_device
from installer.system.regular_file import open_regular
from ks_schema.syntax import json_data
from ks_schema.wording import quoted

INDEX_FORMAT = 1
INDEX_NAME = "index.json"
MAX_INDEX_BYTES = 1 << 20
_CHUNK = 1 << 20
_MOST_PARTS = 4
# Names that are the same to a path, a shell and the patterns of unsquashfs.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,63}")
_PRINTABLE = re.compile(r"[ -~]{1,128}")
_SHA256 = re.compile("[0-9a-f]{64}")
_ACCOUNT = re.compile("[A-Za-z0-9_.-]{1,32}")
_LOCALE = re.compile("[A-Za-z_@]{1,64}")
_WRITE_AGAIN = "Write the medium again from a verified ISO."

_Kept = TypeVar("_Kept")


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadImage:
    """A squashfs image: its file name beside the index, its size in bytes, its digest."""

    file: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadTree:
    """A complete root tree inside an image, below ``path``. ``installed_size`` is bytes.

    ``units``, ``groups`` and ``users`` are the systemd units, the groups and the accounts that it
    has (empty where the index does not say), ``contents`` what else is known of its files.
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
    contents: TreeContents = field(default_factory=TreeContents)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadIndex:
    """What can be installed. ``source`` is the directory of the index: a path or an HTTP URL.

    ``access`` is the same URL with the user and password that it was given with, if it was.
    ``locales`` are those that the live system can make (None: the index does not say).
    """

    source: str
    edition: str
    trees: tuple[PayloadTree, ...]
    access: Secret | None = None
    locales: frozenset[str] | None = None

    def tree(self, package_set: PackageSet, kernel: KernelFlavour) -> PayloadTree | None:
        """The tree for a package set and a kernel, if the medium has it."""
        for tree in self.trees:
            if (tree.set, tree.kernel) == (package_set, kernel):
                return tree
        return None


def load_payload_index(
    source: str, *, sha256: str | None = None, policy: RetryPolicy = USUAL
) -> PayloadIndex:
    """Read the index in the directory ``source``, a path or an HTTP URL.

    ``sha256`` is the digest that the boot files of the medium vouch for.

    :raises PayloadBad: it is missing, has another digest, or does not say what an index says.
    :raises Cancelled: it is no longer wanted.
    """
    address = f"{source.rstrip('/')}/{INDEX_NAME}"
    place = without_credentials(address) if is_web_address(source) else address
    text = _read(address, b"".join, limit=MAX_INDEX_BYTES + 1, policy=policy)
    if len(text) > MAX_INDEX_BYTES:
        raise PayloadBad(f"{place}: not a payload index: it is larger than 1 MiB", _WRITE_AGAIN)
    if sha256 is not None and hashlib.sha256(text).hexdigest() != sha256:
        raise PayloadBad(
            f"{place}: not the index that this medium was started with",
            f"The medium is damaged or was changed. {_WRITE_AGAIN}",
        )
    shown = place.removesuffix(f"/{INDEX_NAME}")
    access = Secret(source.rstrip("/")) if shown != source.rstrip("/") else None
    try:
        return _index(shown, access, json_data(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else error
        raise PayloadBad(f"{place}: not a payload index: {reason}", _WRITE_AGAIN) from error


def verify_image(
    source: str,
    image: PayloadImage,
    *,
    advance: Callable[[int], None],
    keep: Path | None = None,
    access: Secret | None = None,
    policy: RetryPolicy = USUAL,
) -> None:
    """Read an image and compare its size and digest; keep a copy at ``keep`` if given.

    No more is read, or kept, than the index says. ``advance`` is called with the number of bytes
    after each piece, and with a negative one when a server broke off and the image is read from
    its beginning. ``access`` is the source with its user and password.

    :raises PayloadBad: it is missing or differs.
    :raises Cancelled: it is no longer wanted.
    """
    address = f"{access.reveal() if access else source}/{image.file}"
    done = 0

    def take(pieces: Iterable[bytes]) -> str:
        nonlocal done
        advance(-done)
        done = 0
        digest = hashlib.sha256()
        with open(keep or "/dev/null", "wb") as copy:  # noqa: PTH123
            for piece in pieces:
                done += len(piece)
                if done > image.size:
                    return "of no interest"
                digest.update(piece)
                copy.write(piece)
                advance(len(piece))
        return digest.hexdigest()

    found = _read(address, take, limit=image.size + 1, policy=policy)
    if (done, found) == (image.size, image.sha256):
        return
    size = "more bytes" if done > image.size else f"{done} bytes with SHA-256 {found}"
    raise PayloadBad(
        f"{source}/{image.file}: wrong digest: the image has {size}, "
        f"the index says {image.size} with {image.sha256}",
        f"The medium is damaged or was changed. {_WRITE_AGAIN}",
    )


def _read(
    address: str,
    take: Callable[[Iterable[bytes]], _Kept],
    *,
    limit: int,
    policy: RetryPolicy,
) -> _Kept:
    """What ``take`` makes of a file of the payload, of which at most ``limit`` bytes are read."""
    if not is_web_address(address):
        return take(_pieces_of_file(address, limit))
    try:
        return fetch(address, take, limit=limit, policy=policy)
    except FetchFailed as failure:
        hint = failure.hint or "Is the server up and the path right?"
        raise PayloadBad(failure.message, hint) from failure


def _pieces_of_file(place: str, limit: int) -> Iterator[bytes]:
    done = 0
    try:
        with open_regular(place) as file:
            while done < limit and (piece := file.read(min(_CHUNK, limit - done))):
                done += len(piece)
                yield piece
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        place = without_credentials(place)
        reason = (error.strerror if isinstance(error, OSError) else None) or "no such file"
        if done:
            message = f"{place}: read error after {done} bytes: {reason}"
            raise PayloadBad(message, _lost(place) or _WRITE_AGAIN) from error
        raise PayloadBad(
            f"{place}: {reason}",
            _lost(place)
            or "The medium has no payload, or cannot be read; --payload names the "
            "directory of another.",
        ) from error


def _lost(place: str) -> str:
    """What to do when what cannot be read is on a device that is no longer there; "" else."""
    lost = lost_device(place)
    return f"{lost}: put the medium back, and start again." if lost else ""


def _index(source: str, access: Secret | None, data: Mapping[str, Any]) -> PayloadIndex:
    if data["format"] != INDEX_FORMAT:
        raise ValueError(f"format {quoted(data['format'])} is not {INDEX_FORMAT}")
    images = {image.file: image for image in map(_image, data["images"])}
    return PayloadIndex(
        source=source,
        access=access,
        edition=text(data, "edition", _PRINTABLE),
        trees=tuple(_tree(each, images) for each in data["trees"]),
        locales=some_names(data, "locales", _LOCALE),
    )


def _image(data: Mapping[str, Any]) -> PayloadImage:
    # A file beside the index and nowhere else: a copy is kept under the same name.
    return PayloadImage(
        file=text(data, "file", _PLAIN_NAME),
        size=number(data, "size"),
        sha256=text(data, "sha256", _SHA256),
    )


def _tree(data: Mapping[str, Any], images: Mapping[str, PayloadImage]) -> PayloadTree:
    return PayloadTree(
        name=text(data, "name", _PLAIN_NAME),
        set=PackageSet(data["set"]),
        kernel=KernelFlavour(data["kernel"]),
        image=images[text(data, "image", _PLAIN_NAME)],
        path=_inner_path(data["path"]),
        kernel_version=text(data, "kernel_version", _PLAIN_NAME),
        installed_size=number(data, "installed_size"),
        units=names(data, "units", UNIT),
        groups=names(data, "groups", _ACCOUNT),
        users=names(data, "users", _ACCOUNT),
        contents=tree_contents(data),
    )


def _inner_path(path: object) -> str:
    """A directory inside the image, "" for its root.

    The new root is mounted at a place of the same name, and unsquashfs takes it for a pattern: so
    it has few parts, and each is a plain name.
    """
    if not isinstance(path, str):
        raise TypeError(f"{quoted(path)} is not a directory inside an image")
    parts = path.split("/") if path else []
    if len(parts) > _MOST_PARTS or not all(map(_PLAIN_NAME.fullmatch, parts)):
        raise ValueError(f"{quoted(path)} is not a directory inside an image")
    return path
