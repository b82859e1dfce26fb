"""Steps on encrypted volumes (LUKS2): make them, open them, give them more keys."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from installer.actions.context import Context
from installer.actions.storage.disk import await_node
from installer.errors import CommandFailed
from installer.events import Message
from installer.measured.prediction import Predictions
from installer.secret import Secret
from installer.sizes import format_size
from installer.system.program_output import json_object

_TPM = Path("/dev/tpmrm0")
# A key of 256 random bits cannot be guessed, so it needs no slow derivation: what
# systemd-cryptenroll chooses for one (cryptsetup_set_minimal_pbkdf).
_FAST = ("--pbkdf=pbkdf2", "--hash=sha512", "--pbkdf-force-iterations=1000")
_FIRST_SLOT = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptVolume:
    """Make an encrypted volume and open it.

    ``volume`` is the reference of what lies below, ``reference`` that of the opened volume,
    ``name`` what the device mapper calls it. ``memory`` is what deriving the key from the
    passphrase may take, in bytes: the machine needs it at each start. ``recovery`` says that the
    passphrase is a recovery key, so that systemd's tools list it as one. With ``discard`` the disk
    is told which blocks are free, and so is everybody who has it in his hands.
    """

    reference: str
    volume: str
    name: str
    uuid: str
    label: str
    passphrase: Secret
    memory: int
    recovery: bool = False
    discard: bool = True
    weight: float = 5.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        memory = format_size(self.memory)
        return (
            f"encrypt {self.volume} (LUKS2, Argon2id with {memory}), label {self.label}, "
            f"UUID {self.uuid}, and open it as {self.name}"
        )

    def check(self, context: Context) -> None:
        """Nothing to look at before the volume is there."""

    def run(self, context: Context) -> None:
        """Make and open it. Like the first filesystem, it is the end of the way back."""
        context.begin_format()
        node = context.node(self.volume)
        context.runner.run(
            [
                "cryptsetup",
                "luksFormat",
                "--batch-mode",
                "--type=luks2",
                "--pbkdf=argon2id",
                f"--pbkdf-memory={self.memory // 1024}",
                f"--uuid={self.uuid}",
                f"--label={self.label}",
                "--key-file=-",
                node,
            ],
            stdin=self.passphrase,
        )
        if self.recovery:
            _mark_recovery_key(context, node, _FIRST_SLOT)
        context.nodes[self.reference] = _open(
            context, node, self.name, self.passphrase, discard=self.discard
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRecoveryKey:
    """Let a recovery key open the volume too; systemd's tools list it as one."""

    volume: str
    passphrase: Secret
    recovery_key: Secret
    weight: float = 2.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        return f"add a recovery key to the encrypted volume {self.volume}"

    def check(self, context: Context) -> None:
        """Nothing to look at before the volume is there."""

    def run(self, context: Context) -> None:
        """Add it, mark it, and try it."""
        node = context.node(self.volume)
        before = _key_slots(context, node)
        passphrase, key = self.passphrase.reveal(), self.recovery_key.reveal()
        size = len(passphrase.encode())
        # Both come on standard input, which is a file. It goes by two names because cryptsetup
        # takes two files of one name for one key.
        old = ["--key-file=-", f"--keyfile-size={size}"]
        new = ["--new-keyfile=/dev/stdin", f"--new-keyfile-offset={size}"]
        context.runner.run(
            ["cryptsetup", "luksAddKey", "--batch-mode", *_FAST, *old, *new, node],
            stdin=Secret(passphrase + key),
        )
        (slot,) = _key_slots(context, node) - before
        context.runner.run(
            ["cryptsetup", "open", "--test-passphrase", f"--key-slot={slot}", "--key-file=-", node],
            stdin=self.recovery_key,
        )
        _mark_recovery_key(context, node, slot)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealToTpm2:
    """Let this machine's TPM open the volume by itself, as long as the host starts as it will next.

    What that start leaves in ``pcrs`` is taken from the boot check; of which it says nothing are
    the firmware's own, which are now what they will be.
    """

    volume: str
    passphrase: Secret
    pcrs: tuple[int, ...]
    weight: float = 2.0

    def describe(self) -> str:
        """See :class:`~installer.actions.action.Action`."""
        pcrs = f" (PCRs {_joined(self.pcrs)})" if self.pcrs else ""
        return f"let the TPM open the encrypted volume {self.volume} at starts like the next{pcrs}"

    def check(self, context: Context) -> None:
        """The machine has a TPM 2.0."""
        del context
        if not _TPM.exists():
            raise CommandFailed(
                "this machine has no TPM 2.0 that the kernel knows",
                "Turn it on in the firmware's setup, or do without it.",
            )

    def run(self, context: Context) -> None:
        """Seal a new key to it."""
        for each in self.pcrs:
            told = context.expected_pcrs.get(each)
            if told is not None and told.value is None:
                text = f"The TPM is bound to what PCR {each} is now; it may be another: {told.why}"
                context.emit(Message(level="warning", text=text))
        context.runner.run(
            [
                "systemd-cryptenroll",
                "--tpm2-device=auto",
                f"--tpm2-pcrs={_policy(self.pcrs, context.expected_pcrs)}",
                "--unlock-key-file=/dev/stdin",
                context.node(self.volume),
            ],
            stdin=self.passphrase,
        )


def _mark_recovery_key(context: Context, node: str, slot: str) -> None:
    token = {"type": "systemd-recovery", "keyslots": [slot]}
    context.runner.run(
        ["cryptsetup", "token", "import", "--json-file=-", node], stdin=json.dumps(token)
    )


def _open(context: Context, node: str, name: str, passphrase: Secret, *, discard: bool) -> str:
    discards = ["--allow-discards"] if discard else []
    context.runner.run(
        ["cryptsetup", "open", "--type=luks2", "--key-file=-", *discards, node, name],
        stdin=passphrase,
    )
    context.on_undo(
        f"close the encrypted volume {name}",
        lambda: context.runner.run(["cryptsetup", "close", name]),
    )
    opened = f"/dev/mapper/{name}"
    await_node(context, opened)
    return opened


def _key_slots(context: Context, node: str) -> set[str]:
    text = context.runner.run(["cryptsetup", "luksDump", "--dump-json-metadata", node])
    found = json_object("cryptsetup", text).get("keyslots")
    if not isinstance(found, dict):
        raise CommandFailed(f"cryptsetup: it lists no key slots of {node}")
    return set(found)


def _joined(pcrs: tuple[int, ...]) -> str:
    return "+".join(str(each) for each in pcrs)


def _policy(pcrs: tuple[int, ...], expected: Predictions) -> str:
    """In the words of systemd-cryptenroll(1), which takes what has no value as it is now."""
    values = {pcr: each.value for pcr, each in expected.items() if each.value is not None}
    return "+".join(
        f"{each}:sha256={values[each].hex()}" if each in values else str(each) for each in pcrs
    )
