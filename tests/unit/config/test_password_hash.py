"""Hashes of passwords: libxcrypt and passlib vouch for each other."""

from __future__ import annotations

import ctypes
import subprocess
import threading
from random import Random
from typing import Any

import pytest
from passlib.hash import sha512_crypt

from installer.config import password_hash
from installer.config.password import MOST_BYTES, login_fault
from installer.config.password_hash import account_hash
from installer.secret import Secret

SEED = 7
PASSWORDS = ["x", "correct horse", "grüße", "日本語" * 40, "a" * MOST_BYTES, " $6$ "]


def verified(plain: str, hashed: str) -> bool:
    """As login does it: the hash is the setting, by the library's other entry."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    found: bytes = library.crypt(plain.encode(), hashed.encode())
    return found.decode() == hashed


@pytest.mark.parametrize("plain", PASSWORDS)
def test_yescrypt_is_what_an_account_gets(plain: str) -> None:
    first, second = (account_hash(Secret(plain)).reveal() for _ in range(2))
    assert first != second, "each has its own salt"
    assert first.startswith("$y$j9T$"), "Debian's cost"
    assert verified(plain, first)
    assert not verified(plain[:-1] + "?", first)


def test_both_libraries_make_the_same_sha512() -> None:
    random = Random(SEED)
    letters = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    for _ in range(4):
        plain = "".join(random.choices("aZ9 ~äß€", k=random.randint(1, 40)))
        salt = "".join(random.choices(letters, k=random.randint(1, 16)))
        hashed = account_hash(Secret(plain), salt=salt)
        using: Any = sha512_crypt.using
        oracle = using(rounds=password_hash.ROUNDS, salt=salt).hash(plain)
        assert hashed.reveal() == oracle, f"seed {SEED}"


def test_without_libxcrypt_it_is_sha512(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_hash, "_libxcrypt", lambda: None)
    hashed = account_hash(Secret("correct horse")).reveal()
    assert hashed.startswith("$6$rounds=100000$")
    assert verified("correct horse", hashed)


def test_a_library_without_yescrypt_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_hash, "_YESCRYPT", b"$no$")
    assert password_hash._libxcrypt.__wrapped__() is None
    monkeypatch.setattr(password_hash, "_LIBRARIES", ("libm.so.6", "no-such-library.so"))
    assert password_hash._libxcrypt.__wrapped__() is None


@pytest.mark.parametrize("plain", ["a" * (MOST_BYTES + 1), "ü" * 256, "a\0b"])
def test_what_no_login_takes(plain: str) -> None:
    assert login_fault(plain)
    with pytest.raises(ValueError, match="it "):
        account_hash(Secret(plain))


def test_threads_do_not_share_a_buffer() -> None:
    found: dict[str, str] = {}

    def work(plain: str) -> None:
        found[plain] = account_hash(Secret(plain)).reveal()

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(verified(plain, hashed) for plain, hashed in found.items())
    assert len(found) == 8


def test_another_program_verifies_it() -> None:
    hashed = account_hash(Secret("x")).reveal()
    command = ["perl", "-e", "print crypt('x', $ARGV[0])", hashed]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == hashed
