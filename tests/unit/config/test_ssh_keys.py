"""Lines of authorized_keys, each tried with the sshd of a payload (OpenSSH 10.0p2).

The comment beside a line that is refused says what sshd did not like.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from installer import api
from installer.config.read import from_document
from installer.config.ssh_keys import key_fault, key_opens
from installer.errors import KickstartInvalid
from ks_schema import Document

NOW = datetime(2027, 1, 15, tzinfo=UTC)
# Points on the curves: keys that ssh-keygen made.
POINTS = {
    "nistp256": (
        "BNkLVGGch6ADgl7NShENaCSuXPYzsvyN/fFzgLtDm7DK2+YII9jsGRnRJ5TBxmZFFxh7RHpdpGzk9quUMPndC64="
    ),
    "nistp384": (
        "BB+PN6MadIvzcB+53WyH4wwAuQHT5oVFsaYVrAFOfXFTum31pas8bXL5t55rn43fWf53jjo020talXQY"
        "ueJ1gsNVK3TfnE3AUluy9srrtP+ItdBToC24BSg8y/P0LZCu5A=="
    ),
    "nistp521": (
        "BAHaYBJwT/o/yQw2v15imiQU5fy6CGCQObeo4AFi15gNeIauBW1wR9bXn+lP147KKXnOPNAX67Nr6x26"
        "Tg9zbynlFgFflr+3DdHFP97YV8e6kGsT8tuBW0RcekTMy+ss10I87zhan/ZE3sI4D2z556B8evGsHy35"
        "hGSYAwfOweVNOZISRA=="
    ),
}


def line(kind: str, *fields: bytes, named: str = "") -> str:
    """The line of a .pub file."""
    parts = ((named or kind).encode(), *fields)
    blob = b"".join(len(each).to_bytes(4, "big") + each for each in parts)
    return f"{kind} {base64.b64encode(blob).decode()}"


def rsa(bits: int, exponent: int = 65537) -> str:
    number = (1 << (bits - 1)) + 1
    return line("ssh-rsa", exponent.to_bytes(3, "big"), number.to_bytes(bits // 8 + 1, "big"))


def ecdsa(curve: str, *, kind: str = "ecdsa-sha2-{}", more: tuple[bytes, ...] = ()) -> str:
    point = base64.b64decode(POINTS[curve])
    return line(kind.format(curve), curve.encode(), point, *more)


ED = line("ssh-ed25519", bytes(range(32)))
BLOB = ED.split()[1]
SK_ED = "sk-ssh-ed25519@openssh.com"
SK_EC = "sk-ecdsa-sha2-nistp256@openssh.com"


@pytest.mark.parametrize(
    "text",
    [
        ED,
        f"{ED} ops@desk",
        f"{ED} replaces the ssh-dss key of ssh-rsa times",
        f"{ED} na\u00efve\u00a0comment",
        f" \t{ED}",
        f"ssh-ed25519\t \t{BLOB}",
        rsa(1024),
        rsa(4096),
        rsa(3072).replace("ssh-rsa", "rsa-sha2-512"),
        ecdsa("nistp256"),
        ecdsa("nistp384"),
        ecdsa("nistp521"),
        line(SK_ED, bytes(32), b"ssh:"),
        ecdsa("nistp256", kind=SK_EC, more=(b"ssh:",)),
        f"restrict,pty {ED}",
        f"RESTRICT,Pty,no-X11-forwarding {ED}",
        f"restrict,\t{ED}",
        f",restrict {ED}",
        f'command="logger -t old ssh-rsa key used" {ED}',
        f'command="echo \\"ssh-dss\\"",no-pty {ED}',
        f'from="127.0.0.0/8,2001:db8::/32,!127.0.0.9,10.*" {ED}',
        f'from="*.example.net,*" {ED}',
        f'environment="A_1=b c",environment="B=" {ED}',
        f'permitopen="localhost:80",permitopen="[::1]:*",permitlisten="8080" {ED}',
        f'tunnel="any",expiry-time="20990101Z",no-touch-required,verify-required {ED}',
        f'cert-authority,principals="ops,admin" {ED}',
    ],
)
def test_lines_that_sshd_takes(text: str) -> None:
    assert key_fault(text) is None
    assert key_opens(text, NOW)


@pytest.mark.parametrize(
    "options",
    [
        'permitopen="localhost:http"',
        'permitopen="localhost:www"',
        'permitopen="localhost:domain"',
        'permitopen="localhost:syslog"',
        'permitopen="localhost:65535"',
        'permitopen="localhost:080"',
        'permitopen="localhost:00000000080"',
        'permitopen="localhost:+80"',
        'permitopen="localhost: 80"',
        'permitopen="localhost:*"',
        'permitopen=":80"',
        'permitopen="*:*"',
        'permitopen="[::1]:http"',
        'permitopen="[]:80"',
        'permitopen="[::1]/80"',
        'permitopen="localhost/80"',
        'permitopen="a]b:80"',
        'permitopen="a[b:80"',
        'permitopen="/80"',
        'permitopen="a/http"',
        'permitopen="\\"x:80"',
        'permitopen="localhost:http",permitopen="b:443"',
        'permitlisten="http"',
        'permitlisten="80"',
        'permitlisten=" 80"',
        'permitlisten="*"',
        'permitlisten="localhost:http"',
        'permitlisten="localhost:ssh",no-pty',
        'tunnel="0"',
        'tunnel="2147483645"',
        'tunnel="0001"',
        'tunnel=" 1"',
        'tunnel="+1"',
        'tunnel="-0"',
        'tunnel="ANY"',
        'tunnel="1",tunnel="2"',
        'environment="A=b=c"',
        'environment="1=x"',
        'environment="_="',
        'command=""',
        "user-rc,no-user-rc",
        'expiry-time="20991231235959z"',
        'expiry-time="20991231utc"',
        'expiry-time="209912312359UTC"',
        'expiry-time="20990230"',
        'expiry-time="20990431Z"',
        'expiry-time="20991231235960"',
        'expiry-time="20991231235961Z"',
        'expiry-time="99991231Z"',
        'expiry-time="20990101Z",expiry-time="20980101Z"',
        f'permitopen="{"a" * 1024}:80"',
    ],
)
def test_values_of_options_that_sshd_takes(options: str) -> None:
    assert key_fault(f"{options} {ED}") is None
    assert key_opens(f"{options} {ED}", NOW)


@pytest.mark.parametrize(
    "options",
    [
        'permitopen="localhost:HTTP"',
        'permitopen="localhost:ntp"',
        'permitopen="localhost:no-such-service"',
        'permitopen="localhost:0"',
        'permitopen="localhost:65536"',
        'permitopen="localhost:99999999999999999999999999"',
        'permitopen="localhost:80 "',
        'permitopen="localhost:-80"',
        'permitopen="localhost:0x50"',
        'permitopen="localhost:**"',
        'permitopen="[::1]80"',
        'permitopen="a/b:80"',
        'permitopen="::1:80"',
        'permitopen="[a]b]:80"',
        'permitopen="[a:80"',
        'permitopen="80"',
        'permitopen="http"',
        'permitopen=""',
        'permitopen="localhost:"',
        'permitlisten="localhost:ntp"',
        'permitlisten="a/b"',
        'permitlisten=""',
        'permitlisten="[::1]"',
        'tunnel="2147483646"',
        'tunnel="4294967296"',
        'tunnel="-1"',
        'tunnel="any "',
        'tunnel="1:2"',
        'tunnel=""',
        'environment="=x"',
        'environment="A"',
        'environment="É=x"',
        f'permitopen="{"a" * 1025}:80"',
        'expiry-time="20991231240000"',
        'expiry-time="19690101Z"',
        'expiry-time="19700101Z"',
        'expiry-time="20990100Z"',
        'expiry-time="20990132Z"',
        'expiry-time="20990001Z"',
        'expiry-time="20991231235962Z"',
        'expiry-time="209912312360Z"',
        'expiry-time="00001231Z"',
        'expiry-time=" 20991231"',
        'expiry-time="+0991231"',
    ],
)
def test_values_of_options_that_sshd_does_not_take(options: str) -> None:
    fault = key_fault(f"{options} {ED}")
    assert fault is not None
    assert "has a value that sshd does not take" in fault[0] or "is not a valid time" in fault[0]


def test_the_earliest_expiry_counts() -> None:
    assert not key_opens(f'expiry-time="20990101Z",expiry-time="20200101Z" {ED}', NOW)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"- {ED}", "an option that sshd does not know"),
        (f"ops: {ED}", "an option that sshd does not know"),
        (f"no-such-option {ED}", "an option that sshd does not know"),
        (f"no-restrict {ED}", "an option that sshd does not know"),
        (f'restrict,"x" {ED}', "an option that sshd does not know"),
        (f'pty="x" {ED}', "an option that sshd does not know"),
        (f"# {ED}", "an option that sshd does not know"),
        (f"ssh-ed25519\u00a0{BLOB} ops@desk", "another kind of blank"),
        (f"ssh-ed25519\u2003{BLOB}", "another kind of blank"),
        (f'command="echo {ED}', "are not closed"),
        (f'from="192.0.2.0/24", no-pty {ED}', "more than one word is before its type"),
        (f"restrict\tpty {ED}", "more than one word is before its type"),
        (f'"{ED}"', "names no key type"),
        (f"ED25519 {BLOB}", "names no key type"),
        (f"command {ED}", '"command" is without a value'),
        (f'command="a",command="b" {ED}', '"command" stands twice'),
        (f'from="10.0.0.1",from="10.0.0.2" {ED}', '"from" stands twice'),
        (f'environment="A-B=c" {ED}', '"environment" has a value'),
        (f'permitopen="localhost" {ED}', '"permitopen" has a value'),
        (f'permitlisten="x:y" {ED}', '"permitlisten" has a value'),
        (f'tunnel="x" {ED}', '"tunnel" has a value'),
        (f'expiry-time="20991301" {ED}', '"expiry-time" is not a valid time'),
        (f'expiry-time="2099" {ED}', '"expiry-time" is not a valid time'),
        (f'principals="ops" {ED}', '"principals" without "cert-authority"'),
        (f'from="" {ED}', "names nothing that may log in"),
        (f'from="!10.0.0.1" {ED}', "names nothing that may log in"),
        (f'from="10.0.0.1/8" {ED}', "is not an address, a network or a pattern"),
        (f'from="10.0.0.1,10.0.0.9/8" {ED}', "is not an address, a network or a pattern"),
        (f'from="10.0.0.0/255.0.0.0" {ED}', "is not an address, a network or a pattern"),
        (f'from="10.0.0.1," {ED}', "is not an address, a network or a pattern"),
        (line("ssh-ed25519", bytes(16)), "cut off or damaged"),
        (line("ssh-ed25519", bytes(33)), "cut off or damaged"),
        (line("ssh-ed25519", bytes(32), b"x"), "cut off or damaged"),
        (f"{ED}==", "cut off or damaged"),
        (f"{ED},x", "not base64"),
        (rsa(1016), "has 1016 bits"),
        (rsa(16392), "has 16392 bits"),
        (rsa(2048, exponent=2), "cut off or damaged"),
        (line("ssh-rsa", b"\x01\x00\x01", bytes(256)), "has 0 bits"),
        (line("ssh-rsa", b"\x01\x00\x01", b"\xff" * 256), "cut off or damaged"),
        (line("ecdsa-sha2-nistp256", b"nistp256", b"\x04" + bytes(64)), "cut off or damaged"),
        (line("ecdsa-sha2-nistp256", b"nistp384", b"\x04"), "cut off or damaged"),
        (line("ecdsa-sha2-nistp256", b"nist\xff", b"\x04"), "cut off or damaged"),
        (line(SK_ED, bytes(32)), "cut off or damaged"),
        (line("ssh-rsa", bytes(32), named="ssh-ed25519"), "of another type"),
        ("ssh-ed25519-cert-v01@openssh.com AAAA ops", "this is a certificate"),
        ("ssh-dss AAAA x", "no longer takes"),
        ("---- BEGIN SSH2 PUBLIC KEY ----", "names no key type"),
    ],
)
def test_lines_that_sshd_passes_over(text: str, message: str) -> None:
    fault = key_fault(text)
    assert fault is not None
    assert message in fault[0]
    assert not key_opens(text, NOW)


@pytest.mark.parametrize(
    "options",
    [
        'expiry-time="20270114"',
        'expiry-time="20270115Z"',
        'from="desk.example.net"',
        'from="*,!*"',
        'from=" 10.0.0.1"',
    ],
)
def test_keys_that_are_taken_and_open_nothing(options: str) -> None:
    assert key_fault(f"{options} {ED}") is None
    assert not key_opens(f"{options} {ED}", NOW)


@pytest.mark.parametrize(
    "more",
    [
        {"users": [{"name": "ops", "ssh_keys": [f'from="desk.example.net" {ED}']}]},
        {"users": [{"name": "ops", "ssh_keys": [ED], "shell": "/usr/sbin/nologin"}]},
        {"users": [{"name": "ops", "password": {"hash": "$6$salt$" + "a" * 86},
                    "shell": "/bin/false"}]},
        {"users": [{"name": "ops", "ssh_keys": [ED]}], "services": {"ssh": "disabled"}},
        {"root": {"ssh_keys": [ED]}, "services": {"sshd.service": "masked"}},
    ],
)  # fmt: skip
def test_what_opens_nothing_is_no_way_to_log_in(more: dict[str, Any]) -> None:
    data = {"version": 1, "disks": {"default": {"device": "/dev/sda"}}, **more}
    with pytest.raises(KickstartInvalid) as caught:
        from_document(Document(data=data))
    (problem,) = caught.value.problems
    assert problem.message == "nobody could log in to this host"
    assert "opens nothing" in problem.hint


def test_an_expired_key_is_no_way_to_log_in_at_the_time_that_is_given() -> None:
    data = {
        "version": 1,
        "disks": {"default": {"device": "/dev/sda"}},
        "users": [{"name": "ops", "ssh_keys": [f'expiry-time="20200101Z" {ED}']}],
    }
    document = Document(data=data)
    for before in (datetime(2019, 12, 31, tzinfo=UTC), None):
        assert from_document(document, now=before).users[0].ssh_keys
    with pytest.raises(KickstartInvalid, match="nobody could log in"):
        from_document(document, now=NOW)
    # The facade of the command line and the screens has the clock.
    with pytest.raises(KickstartInvalid, match="nobody could log in"):
        api.configuration(document)
    for problems in (api.problems(document), api.check(data)):
        assert [each.message for each in problems] == ["nobody could log in to this host"]


def test_ssh_by_its_socket_is_a_way_to_log_in() -> None:
    services = {"ssh": "disabled", "ssh.socket": "enabled"}
    data = {
        "version": 1,
        "disks": {"default": {"device": "/dev/sda"}},
        "root": {"ssh_keys": [ED]},
        "services": services,
    }
    assert from_document(Document(data=data)).root.ssh_keys == (ED,)


def test_of_a_wrong_key_its_fault_alone_is_told() -> None:
    data = {
        "version": 1,
        "disks": {"default": {"device": "/dev/sda"}},
        "users": [{"name": "ops", "ssh_keys": [f"- {ED}"]}],
    }
    with pytest.raises(KickstartInvalid) as caught:
        from_document(Document(data=data))
    assert [each.pointer for each in caught.value.problems] == ["/users/0/ssh_keys/0"]
