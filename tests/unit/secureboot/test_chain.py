"""Who may start what: every reason to refuse, with real signatures on programs made here."""

import random
from dataclasses import replace
from pathlib import Path

import pefile
import pytest
from virt.peutils import pesign

from installer.secureboot.chain import (
    Judgement,
    Policy,
    firmware_policy,
    first_policy,
    judge,
    shim_policy,
)
from installer.secureboot.lists import Signatures
from installer.secureboot.pe import NotPeError, parse_pe
from installer.secureboot.signature import SignatureVerifier, parse_signature, signatures_of
from installer.secureboot.trust import Trust
from tests.unit.secureboot.programs import (
    SBAT,
    Key,
    listed,
    lists,
    program,
    shim_sections,
    signature_verifier,
    trust,
)

Keys = dict[str, Key]


@pytest.fixture
def expert(tmp_path: Path) -> SignatureVerifier:
    return signature_verifier(tmp_path / "verifier")


def shim_of(
    keys: Keys, signer: str = "firmware", *, sections: dict[str, bytes] | None = None
) -> bytes:
    made = sections or shim_sections(vendor=keys["vendor"].der)
    return keys[signer].sign(program(b"shim", **made))


def first(expert: SignatureVerifier, by: Trust, shim: bytes) -> Judgement:
    return judge(expert, first_policy(by, shim), shim)


def second(
    expert: SignatureVerifier, by: Trust, shim: bytes, data: bytes, *, sbat: bool = True
) -> Judgement:
    policy = shim_policy(by, shim, sbat=sbat)
    assert policy is not None
    return judge(expert, policy, data)


def test_the_chain_as_it_comes(keys: Keys, expert: SignatureVerifier) -> None:
    stock, shim = trust(db=keys["firmware"].listed), shim_of(keys)
    assert first(expert, stock, shim) == Judgement(
        good=True, text="signed, trusted by db: firmware"
    )
    grub, kernel = (keys["vendor"].sign(program(each)) for each in (b"grub", b"kernel"))
    for each in (grub, kernel):
        found = second(expert, stock, shim, each)
        assert found == Judgement(good=True, text="signed, trusted by shim: vendor")


def test_only_the_owner_is_trusted(keys: Keys, expert: SignatureVerifier) -> None:
    owner, shim = trust(db=keys["owner"].listed), shim_of(keys)
    refused = first(expert, owner, shim)
    assert not refused.good
    assert refused.text == "signed by firmware, but trusted are only: owner"
    assert "enroll" in refused.hint
    both = keys["owner"].sign(shim)
    assert len(parse_pe(both).signatures) == 2
    assert first(expert, owner, both).text == "signed, trusted by db: owner"
    # The same file still starts where the first signer is trusted.
    assert first(expert, trust(db=keys["firmware"].listed), both).good


def test_nobody_is_trusted(keys: Keys, expert: SignatureVerifier) -> None:
    assert first(expert, trust(), shim_of(keys)).text.endswith("trusted are only: none")


def test_unsigned(keys: Keys, expert: SignatureVerifier) -> None:
    stock = trust(db=keys["firmware"].listed)
    assert first(expert, stock, program()).text == "it is not signed"
    known = trust(db=listed(digests=(parse_pe(program()).digest(),)))
    assert first(expert, known, program()).text == "db has its digest"


def test_a_digest_in_dbx(keys: Keys, expert: SignatureVerifier) -> None:
    shim = shim_of(keys)
    by = trust(db=keys["firmware"].listed, dbx=listed(digests=(parse_pe(shim).digest(),)))
    assert first(expert, by, shim).text == "revoked: its digest is in dbx"
    # A signature more does not change the digest.
    assert not first(expert, by, keys["owner"].sign(shim)).good
    grub = keys["vendor"].sign(program(b"grub"))
    by = trust(db=keys["firmware"].listed, dbx=listed(digests=(parse_pe(grub).digest(),)))
    assert first(expert, by, shim).good
    assert second(expert, by, shim, grub).text == "revoked: its digest is in dbx"


def test_a_certificate_in_dbx(keys: Keys, expert: SignatureVerifier) -> None:
    both = Signatures() + keys["firmware"].listed + keys["owner"].listed
    by = trust(db=both, dbx=keys["firmware"].listed)
    assert first(expert, by, shim_of(keys)).text == "revoked: dbx has the certificate firmware"
    # One revoked signature of several is enough.
    assert not first(expert, by, keys["owner"].sign(shim_of(keys))).good
    assert first(expert, by, shim_of(keys, "owner")).good


def test_a_certificate_revoked_by_its_digest(keys: Keys, expert: SignatureVerifier) -> None:
    digest = keys["firmware"].listed.certificates[0].to_be_signed
    by = trust(db=keys["firmware"].listed, dbx=Signatures(revoked=frozenset({digest})))
    assert not first(expert, by, shim_of(keys)).good


def test_a_leaf_in_dbx(keys: Keys, expert: SignatureVerifier) -> None:
    by = trust(db=keys["ended"].listed, dbx=keys["leaf"].listed)
    found = first(expert, by, shim_of(keys, "leaf"))
    assert found.text == "revoked: dbx has the certificate leaf"


def test_no_clock_and_no_stranger(keys: Keys, expert: SignatureVerifier) -> None:
    """The chain's own root has expired, as Microsoft's of 2011 has: it counts, and it alone."""
    shim = shim_of(keys, "leaf")
    assert first(expert, trust(db=keys["ended"].listed), shim).good
    assert first(expert, trust(db=keys["leaf"].listed), shim).good
    assert not first(expert, trust(db=keys["stranger"].listed), shim).good


def test_the_generations(keys: Keys, expert: SignatureVerifier) -> None:
    grub = keys["vendor"].sign(program(b"grub"))
    for level, date in (("thing,4", "2030010100"), ("sbat,2", "2030010100")):
        text = f"sbat,1,{date}\n{level}\n"
        by = trust(db=keys["firmware"].listed, sbat_level=text)
        shim = shim_of(keys)
        assert not first(expert, by, shim).good, "shim looks at itself as well"
        found = second(expert, by, shim, grub)
        name, generation = level.split(",")
        assert found.text.startswith(f"revoked: SBAT {name} ")
        assert f"at least {generation} is wanted since {date}" in found.text
    by = trust(db=keys["firmware"].listed, sbat_level="sbat,1,2030010100\nthing,3\nother,9\n")
    assert second(expert, by, shim_of(keys), grub).good


def test_the_generations_that_shim_brings_along(keys: Keys, expert: SignatureVerifier) -> None:
    newer = shim_sections(vendor=keys["vendor"].der, level="sbat,1,2030010100\nthing,4\n")
    shim = shim_of(keys, sections=newer)
    grub = keys["vendor"].sign(program(b"grub"))
    by = trust(db=keys["firmware"].listed, sbat_level="sbat,1,2024010900\nthing,1\n")
    assert "thing 3" in second(expert, by, shim, grub).text
    by = replace(by, sbat_level="sbat,1,2031010100\nthing,1\n")
    assert second(expert, by, shim, grub).good


def test_a_kernel_needs_no_generations(keys: Keys, expert: SignatureVerifier) -> None:
    by, shim = trust(db=keys["firmware"].listed), shim_of(keys)
    kernel = keys["vendor"].sign(program(b"kernel", sbat=b""))
    assert second(expert, by, shim, kernel, sbat=False).good
    assert second(expert, by, shim, kernel).text == "it has no SBAT generations"
    broken = keys["vendor"].sign(program(b"kernel", sbat=b"no such thing"))
    assert (
        "SBAT cannot be read"
        in second(expert, replace(by, sbat_level="sbat,1,2024010900\n"), shim, broken).text
    )


def test_the_firmware_knows_no_generations(keys: Keys, expert: SignatureVerifier) -> None:
    by = trust(db=keys["owner"].listed, sbat_level="sbat,1,2030010100\nthing,4\n")
    for each in (program(b"systemd-boot"), program(b"an image", sbat=b"")):
        assert judge(expert, firmware_policy(by), keys["owner"].sign(each)).good


def test_the_machine_owners_lists(keys: Keys, expert: SignatureVerifier) -> None:
    by, shim = trust(db=keys["firmware"].listed), shim_of(keys)
    kernel = keys["owner"].sign(program(b"kernel"))
    assert not second(expert, by, shim, kernel).good
    by = replace(by, mok=keys["owner"].listed)
    assert second(expert, by, shim, kernel).text == "signed, trusted by the MOK list: owner"
    assert not first(expert, by, keys["owner"].sign(program())).good, "the firmware knows no MOK"
    mirrored = replace(by, mok=keys["vendor"].listed)
    vendors = keys["vendor"].sign(program(b"kernel"))
    assert second(expert, mirrored, shim, vendors).text == "signed, trusted by shim: vendor"
    by = replace(by, mokx=listed(digests=(parse_pe(kernel).digest(),)))
    assert second(expert, by, shim, kernel).text == "revoked: its digest is in the MOK blocklist"


def test_what_shim_was_built_to_refuse(keys: Keys, expert: SignatureVerifier) -> None:
    grub = keys["vendor"].sign(program(b"grub"))
    revoked = lists(digests=(parse_pe(grub).digest(),))
    vendor = lists(keys["vendor"].certificate, keys["owner"].certificate)
    shim = shim_of(keys, sections=shim_sections(vendor=vendor, revoked=revoked))
    by = trust(db=keys["firmware"].listed)
    assert second(expert, by, shim, grub).text == "revoked: its digest is in shim's own list"
    assert second(expert, by, shim, keys["owner"].sign(program(b"grub 2"))).good


@pytest.mark.parametrize("vendor", [b"short", b"\xff" * 64])
def test_a_damaged_shim_says_nothing_of_others(vendor: bytes) -> None:
    assert shim_policy(trust(), program(vendor_cert=vendor)) is None
    assert shim_policy(trust(), b"") is None
    assert shim_policy(trust(), program()) is not None, "it was built without any"


def test_every_changed_byte_is_found(keys: Keys, expert: SignatureVerifier) -> None:
    shim = shim_of(keys)
    image, by = parse_pe(shim), trust(db=keys["firmware"].listed)
    policy = first_policy(by, shim)
    chance = random.Random(4)
    for place in [0x90, *chance.sample(range(1024, image.signed_size), 20)]:
        changed = bytearray(shim)
        changed[place] ^= 1 << chance.randrange(8)
        found = judge(expert, policy, bytes(changed))
        assert not found.good, f"byte {place}"
    changed = bytearray(shim)
    changed[1024] ^= 1
    assert judge(expert, policy, bytes(changed)).text == "it was changed after it was signed"


def test_the_digest_is_the_same_as_the_librarys(keys: Keys) -> None:
    for data in (program(), shim_of(keys), keys["owner"].sign(shim_of(keys))):
        expected = pesign.pe_authenticode_hash(pefile.PE(data=data))
        assert parse_pe(data).digest() == expected
        assert all(each.matches(parse_pe(data)) for each in signatures_of(parse_pe(data)))


def test_sections_with_long_names() -> None:
    image = parse_pe(program(vendor_cert=b"a" * 700, sbatlevel=b"b"))
    assert image.section(".vendor_cert") == b"a" * 700
    assert image.section(".sbatlevel") == b"b"
    assert image.section(".sbat") == SBAT
    assert image.section(".nothing") == b""


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b"M", "it is not an EFI program"),
        (b"\0" * 4096, "it is not an EFI program"),
        (b"MZ", "it is cut off"),
        (b"MZ" + b"\xff" * 4096, "it is cut off"),
        (b"MZ" + b"\0" * 4096, "it is not an EFI program"),
        (program()[:-600], "it is cut off"),
        (program()[:300], "its headers do not fit into it"),
    ],
)
def test_what_is_no_program(data: bytes, reason: str) -> None:
    with pytest.raises(NotPeError) as caught:
        parse_pe(data)
    assert str(caught.value) == reason


def test_signatures_must_fill_the_end(keys: Keys) -> None:
    signed = keys["owner"].sign(program())
    with pytest.raises(NotPeError, match="signatures"):
        parse_pe(signed + b"more")
    changed = bytearray(signed)
    start = parse_pe(signed).signed_size
    changed[start : start + 4] = b"\0\0\0\0"  # a length that would never come to an end
    with pytest.raises(NotPeError, match="signatures"):
        parse_pe(bytes(changed))


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x02\x06\x00"])
def test_what_is_no_signature(data: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        parse_signature(data)


def test_certificates_that_cannot_be_read(keys: Keys, expert: SignatureVerifier) -> None:
    shim = shim_of(keys)
    version = b"\xa0\x03\x02\x01\x02"  # of the certificate: 3, which is said by 2
    start = shim.index(version, parse_pe(shim).signed_size)
    for each in (0, 1, 7):
        changed = bytearray(shim)
        changed[start + 4] = each
        assert judge(expert, first_policy(trust(), shim), bytes(changed)).text


def test_whatever_lies_there_gets_a_judgement(keys: Keys, expert: SignatureVerifier) -> None:
    """Flipped and cut at random: never an exception, never good unless nothing signed changed."""
    shim, chance = shim_of(keys), random.Random(11)
    policy = first_policy(trust(db=keys["firmware"].listed), shim)
    digest = parse_pe(shim).digest()
    for _ in range(400):
        data = bytearray(shim)
        for _ in range(chance.randrange(1, 6)):
            # Where the numbers are: the headers, and the signatures at the end.
            start, end = chance.choice([(0, 1024), (len(shim) - 1600, len(shim))])
            data[chance.randrange(start, end)] = chance.choice([0, 1, 0x7F, 0x80, 0xFF])
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        assert_honest(expert, policy, bytes(data), digest)
        shim_policy(trust(), bytes(data))


def assert_honest(expert: SignatureVerifier, policy: Policy, data: bytes, digest: bytes) -> None:
    found = judge(expert, policy, data)
    assert found.text
    assert found.good or found.hint
    if found.good:
        assert parse_pe(data).digest() == digest


def test_random_bytes(expert: SignatureVerifier) -> None:
    chance = random.Random(12)
    for size in (1, 63, 64, 512, 5000):
        data = b"MZ" + chance.randbytes(size)
        assert not judge(expert, Policy(allowed=(), forbidden=()), data).good


def test_the_notarys_files_are_private(keys: Keys, tmp_path: Path) -> None:
    first(
        signature_verifier(tmp_path / "private"), trust(db=keys["firmware"].listed), shim_of(keys)
    )
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o700
    kinds = {path.suffix for path in (tmp_path / "private").iterdir()}
    assert kinds == {".p7", ".content", ".pem"}
