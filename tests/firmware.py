"""What firmware makes of an ESP: it starts a host, finds nothing, or starts half of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Files = Mapping[str, bytes | None]
NOTHING, STARTS = "nothing to start", "starts"
_VENDOR, _REMOVABLE = "efi/debian", "efi/boot"
_SYSTEMD, _IMAGES = "efi/systemd/systemd-bootx64.efi", "efi/linux/"


class HalfError(Exception):
    """Something starts that cannot go on: it restarts for ever, or stands still."""


@dataclass(frozen=True, slots=True)
class Firmware:
    """Firmware that knows which contents of each file are whole: those of ``versions``."""

    versions: tuple[Files, ...]

    def starts(self, files: Files, *, entry: bool) -> str:
        """What becomes of an ESP; ``entry``: by the host's boot entry, before the removable path.

        :raises HalfError: half of a host starts.
        """
        if any(_SYSTEMD in version for version in self.versions):
            paths = ((_SYSTEMD,) if entry else (), (f"{_REMOVABLE}/bootx64.efi",))
            found = any(self._there(files, path) for each in paths for path in each)
            return self._images(files) if found else NOTHING
        if entry and self._there(files, f"{_VENDOR}/shimx64.efi"):
            return self._grub(files, _VENDOR)
        if not self._there(files, f"{_REMOVABLE}/bootx64.efi"):
            return NOTHING
        if not self._there(files, f"{_REMOVABLE}/fbx64.efi"):
            return self._grub(files, _REMOVABLE)
        # The fallback restarts the machine when its list leads nowhere.
        self._need(files, f"{_VENDOR}/bootx64.csv")
        self._need(files, f"{_VENDOR}/shimx64.efi")
        return self._grub(files, _VENDOR)

    def _grub(self, files: Files, directory: str) -> str:
        self._need(files, f"{directory}/grubx64.efi")
        self._there(files, f"{directory}/mmx64.efi")
        self._need(files, f"{_VENDOR}/grub.cfg")
        self._there(files, f"{_VENDOR}/grubenv")
        return STARTS

    def _images(self, files: Files) -> str:
        images = [each for each in files if each.startswith(_IMAGES) and each.endswith(".efi")]
        if not [each for each in images if self._there(files, each)]:
            raise HalfError("the loader finds no image")
        self._need(files, "loader/loader.conf")
        return STARTS

    def _need(self, files: Files, path: str) -> None:
        if not self._there(files, path):
            raise HalfError(f"{path} is missing")

    def _there(self, files: Files, path: str) -> bool:
        """Whether a file is there; then it must be whole."""
        if path not in files:
            return False
        if not any(self._same(path, version, files[path]) for version in self.versions):
            raise HalfError(f"{path} is damaged")
        return True

    def _same(self, path: str, version: Files, content: bytes | None) -> bool:
        if path.startswith(_IMAGES):  # their names count how often they were tried
            return content in [version[each] for each in version if each.startswith(_IMAGES)]
        return path in version and version[path] == content
