"""A password as it was given: hashed, plain, or none."""

from __future__ import annotations

from dataclasses import dataclass

from installer.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """How one logs in with a password: ``hashed`` (crypt(5)), ``plain``, or neither (locked)."""

    hashed: Secret | None = None
    plain: Secret | None = None

    @property
    def locked(self) -> bool:
        """No password opens this account."""
        return self.hashed is None and self.plain is None
