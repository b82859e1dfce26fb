"""A password as it was given: hashed, plain, or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from installer.secret import Secret

# crypt(3), CRYPT_MAX_PASSPHRASE_SIZE: a longer one is refused, by the login of the host as well.
MOST_BYTES = 511


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """How one logs in with a password: ``hashed`` (crypt(5)), ``plain``, or neither (locked)."""

    hashed: Secret | None = None
    plain: Secret | None = None

    @property
    def locked(self) -> bool:
        """No password opens this account."""
        return self.hashed is None and self.plain is None


def password(data: Mapping[str, Any], plain: Secret | None) -> Password:
    """The password that a document's object says; ``plain`` is its text where it is known."""
    if plain is not None:
        return Password(plain=plain)
    return Password(hashed=Secret(data["hash"]) if "hash" in data else None)


def password_data(password: Password) -> dict[str, Any]:
    """What a document says of a password; empty for a locked account.

    :raises ValueError: it is a plain one, which is not written down.
    """
    if password.plain is not None:
        raise ValueError("a plain password cannot be written down; hash it first")
    return {} if password.hashed is None else {"hash": password.hashed.reveal()}


def login_fault(text: str) -> str:
    """Why no login takes this password; "" when it does."""
    if len(text.encode()) > MOST_BYTES:
        return f"it is longer than {MOST_BYTES} bytes, which no login takes"
    return "it has a NUL character" if "\0" in text else ""
