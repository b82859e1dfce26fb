"""Hashes of passwords, made as the programs make them that will ask for the passwords.

Accounts: yescrypt by libxcrypt, which is Debian's default and what the host's login verifies with.
Where that library is missing (another system than Linux), SHA-512 by passlib. The boot menu:
GRUB's PBKDF2, which libxcrypt does not know.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

from installer.config.password import login_fault
from installer.secret import Secret

# Where yescrypt's own cost does not apply: SHA-512 and PBKDF2 are so much cheaper a round.
ROUNDS = 100_000
_YESCRYPT = b"$y$"
_LIBRARIES = ("libcrypt.so.1", "libcrypt.so.2")  # by name: looking one up would start a compiler
_SETTING_BYTES = 192  # CRYPT_GENSALT_OUTPUT_SIZE
_DATA_BYTES = 32768  # sizeof(struct crypt_data), fixed by its ABI


def account_hash(plain: Secret, *, salt: str | None = None) -> Secret:
    """The crypt(5) hash of an account's password.

    With a ``salt``, which only tests give, it is SHA-512, so that it can be repeated.

    :raises ValueError: no login takes it: it is too long, or has a NUL.
    """
    phrase = plain.reveal().encode()
    if fault := login_fault(plain.reveal()):
        raise ValueError(fault)
    library = _libxcrypt()
    if library is None:
        return _sha512_by_passlib(plain, salt)
    setting = _new_setting(library) if salt is None else f"$6$rounds={ROUNDS}${salt}".encode()
    return Secret(_crypt(library, phrase, setting).decode("ascii"))


def menu_hash(plain: Secret, *, salt: str | None = None) -> Secret:
    """What GRUB compares a typed password with, as grub-mkpasswd-pbkdf2 prints it."""
    # Imported here: a configuration without plain passwords, the common one, needs no passlib.
    from passlib.hash import grub_pbkdf2_sha512  # noqa: PLC0415

    chosen: dict[str, Any] = {"rounds": ROUNDS} | ({} if salt is None else {"salt": salt.encode()})
    using: Callable[..., Any] = grub_pbkdf2_sha512.using
    return Secret(using(**chosen).hash(plain.reveal()))


def _sha512_by_passlib(plain: Secret, salt: str | None) -> Secret:
    from passlib.hash import sha512_crypt  # noqa: PLC0415  (as above)

    chosen: dict[str, Any] = {"rounds": ROUNDS} | ({} if salt is None else {"salt": salt})
    using: Callable[..., Any] = sha512_crypt.using
    return Secret(using(**chosen).hash(plain.reveal()))


@cache
def _libxcrypt() -> Any:
    """The library; None where there is none that knows yescrypt."""
    for name in _LIBRARIES:
        try:
            library = ctypes.CDLL(name)
            library.crypt_rn.restype = library.crypt_gensalt_rn.restype = ctypes.c_char_p
        except (OSError, AttributeError):
            continue
        try:
            _new_setting(library)
        except ValueError:
            continue
        return library
    return None


def _new_setting(library: Any) -> bytes:
    """A setting of yescrypt with the library's own cost, and a salt from the kernel."""
    room = ctypes.create_string_buffer(_SETTING_BYTES)
    made: bytes | None = library.crypt_gensalt_rn(
        _YESCRYPT, ctypes.c_ulong(0), None, 0, room, len(room)
    )
    if made is None:
        raise ValueError("libxcrypt makes no salt for yescrypt")
    return made


def _crypt(library: Any, phrase: bytes, setting: bytes) -> bytes:
    room = ctypes.create_string_buffer(_DATA_BYTES)
    made: bytes | None = library.crypt_rn(phrase, setting, room, len(room))
    if made is None:
        raise ValueError("libxcrypt does not hash this password")
    # What the library worked on holds parts of the password.
    ctypes.memset(room, 0, len(room))
    return made
