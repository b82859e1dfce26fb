"""The Python modules that are needed only where a host is installed or looked at.

A laptop that checks and plans has none of them; they are the extra ``[target]`` of the package.
"""

from __future__ import annotations

from importlib.util import find_spec

from installer.errors import CommandFailed

_MODULES = {
    "parted": "python3-parted",
    "virt": "python3-virt-firmware",
    "cryptography": "python3-cryptography",
}


def require_target_modules() -> None:
    """See that all of them are there, before anything is written.

    :raises CommandFailed: one is missing.
    """
    missing = [name for name in _MODULES if find_spec(name) is None]
    if missing:
        packages = " ".join(_MODULES[name] for name in missing)
        raise CommandFailed(
            f"this needs the Python {'modules' if missing[1:] else 'module'} {', '.join(missing)}",
            f'Install {packages}, or the Python package "photon-installer[target]".',
        )
