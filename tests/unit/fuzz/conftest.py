"""The same keys as the tests of signatures have."""

from tests.unit.secureboot.conftest import keys

__all__ = ["keys"]
