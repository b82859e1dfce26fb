"""What the engine's tests share: machines, a payload, plans, and a runner that only pretends."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from installer import api
from installer.actions.action import Action
from installer.errors import CommandFailed
from installer.events import Event
from installer.machine.facts import Disk, Firmware, FirmwareMode, Machine, machine_from_json
from installer.payload.index import PayloadIndex, load_payload_index
from installer.plan.model import InstallPlan, Phase
from installer.secret import Secret
from installer.system.runner import Input
from ks_schema import Document

_Kind = TypeVar("_Kind")
TESTS = Path(__file__).parent
MACHINES = TESTS / "machines"
MEDIUM = "/run/photon/medium/photon/payload"
GIB = 1 << 30
# sha512_crypt of "battery staple", 5001 rounds.
HASH = (
    "$6$rounds=5001$saltsalt$lxAHJoeioMr4ekSpohRDN6LQfxHZQfA3cNRDk4jjC4JXdOJsLXy"
    "/P9Q0dzaG6W2oK0htNiz.YlpKifdvvxBjk/"
)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEkb2+k8o7hPj0a8m1tKx9Z8mQ8j4O0mGfV7d0mB0v2S ops@example"
BOOT_FILES = (
    "usr/lib/shim/shimx64.efi.signed",
    "usr/lib/shim/mmx64.efi.signed",
    "usr/lib/shim/fbx64.efi.signed",
    "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed",
    "usr/lib/grub/i386-pc/boot.img",
    "usr/lib/grub/i386-pc/normal.mod",
)


def machine(name: str) -> Machine:
    """A captured machine of ``tests/machines``."""
    return machine_from_json(json.loads((MACHINES / f"{name}.json").read_text("utf-8")))


@cache
def payload() -> PayloadIndex:
    """The index of ``tests/payload``, as if it lay on the medium."""
    return replace(load_payload_index(str(TESTS / "payload")), source=MEDIUM)


def kickstart(**more: Any) -> dict[str, Any]:
    """A small sound kickstart, with more keys over it."""
    data: dict[str, Any] = {
        "version": 1,
        "disks": {"default": {"device": "/dev/vda"}},
        "root": {"password": {"hash": HASH}},
    }
    return {**data, **more}


def full_kickstart(**more: Any) -> dict[str, Any]:
    """A kickstart that uses nearly every key, so that its plan has nearly every action."""
    data = kickstart(
        hostname="edge-01.example.net",
        timezone="Europe/Berlin",
        disks={"default": {"serial": "PHOTON0"}},
        storage={"filesystem": "ext4", "swap": {"kind": "file", "size": "16 MiB"}},
        boot={"mode": "dual", "console": "ttyS0,115200", "kernel_arguments": ["panic=10"]},
        packages={"kernel": "cloud"},
        users=[
            {
                "name": "ops",
                "full_name": "Operations",
                "groups": ["docker", "watcher", "site"],
                "sudo": "password",
                "password": {"hash": HASH},
                "ssh_keys": [KEY],
            },
            {"name": "watcher", "uid": 1500},
        ],
        services={"docker": "enabled", "systemd-timesyncd": "disabled", "fstrim.timer": "masked"},
        scripts={"post": [{"name": "site", "run": ["echo here > /etc/site"]}]},
        finish={"on_success": "poweroff"},
    )
    return {**data, **more}


def small_machine(disk: str, size: int = 8 * GIB, **more: Any) -> Machine:
    """A virtual machine with one disk, started by EFI firmware unless ``firmware`` is given."""
    firmware = more.pop("firmware", Firmware(mode=FirmwareMode.EFI))
    facts = {"serial": "PHOTON0", "transport": "virtio", **more}
    one = Disk(path=disk, size=size, **facts)
    return Machine(firmware=firmware, memory=GIB, virtualization="kvm", disks=(one,))


def plan_for(data: dict[str, Any], on: Machine, index: PayloadIndex | None = None) -> InstallPlan:
    """The plan, with a seed that is always the same."""
    return api.prepare(Document(data=data), on, index or payload(), seed="0" * 32)


def actions_of(plan: InstallPlan) -> tuple[Action, ...]:
    """Every action, in order."""
    return tuple(action for phase in plan.phases for action in phase.actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaking:
    """An action that fails, ``after`` it has done its work or instead of it."""

    action: Action
    error: BaseException
    after: bool = False
    weight: float = 1.0

    def describe(self) -> str:
        return f"break: {self.action.describe()}"

    def check(self, context: Any) -> None:
        self.action.check(context)

    def run(self, context: Any) -> None:
        if self.after:
            self.action.run(context)
        raise self.error


def with_break(
    plan: InstallPlan, index: int, error: BaseException, *, after: bool = False
) -> InstallPlan:
    """The plan whose action number ``index`` fails."""
    number = 0
    phases: list[Phase] = []
    for phase in plan.phases:
        actions: list[Action] = []
        for action in phase.actions:
            broken = Breaking(action=action, error=error, after=after)
            actions.append(broken if number == index else action)
            number += 1
        phases.append(replace(phase, actions=tuple(actions)))
    return replace(plan, phases=tuple(phases))


@dataclass(slots=True)
class PretendRunner:
    """A :class:`~installer.system.runner.Runner` that starts nothing and records everything.

    It does with plain files what the programs would do, as far as later actions look at it.
    ``fail_at`` is the number of the command that ends with an error.
    """

    fail_at: int | None = None
    commands: list[tuple[str, ...]] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    loops: set[str] = field(default_factory=set)
    mounts: list[str] = field(default_factory=list)
    guids: dict[str, str] = field(default_factory=dict)
    esp: Path = Path()
    entry: str = ""

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: Input = None,
        timeout: float | None = None,  # noqa: ARG002
        watch: Callable[[int], None] | None = None,
    ) -> str:
        self.commands.append(tuple(argv))
        self.inputs.append(stdin.reveal() if isinstance(stdin, Secret) else str(stdin or ""))
        if len(self.commands) - 1 == self.fail_at:
            raise CommandFailed(f"{argv[0]}: ended with exit code 1", "It was asked to.")
        if watch is not None:
            watch(os.getpid())
        program = argv[2] if argv[0] == "chroot" else argv[0]
        answer = getattr(self, "_" + program.replace("-", "_").replace(".", "_"), None)
        return answer(list(argv)) if answer else ""

    def _losetup(self, argv: list[str]) -> str:
        if "--detach" in argv:
            self.loops.remove(argv[-1])
            return ""
        node = f"/dev/pretended{len(self.commands)}"
        self.loops.add(node)
        return node + "\n"

    def _mount(self, argv: list[str]) -> str:
        if not any(word.startswith("--make-") for word in argv):
            self.mounts.append(argv[-1])
        return ""

    def _umount(self, argv: list[str]) -> str:
        self.mounts.remove(argv[-1])
        return ""

    def _sfdisk(self, argv: list[str]) -> str:
        if "--dump" in argv:
            return ""
        pairs = re.findall(r"^(\d+) : .*uuid=([0-9a-f-]+)", self.inputs[-1], re.MULTILINE)
        self.guids = dict(pairs)
        with Path(argv[-1]).open("r+b") as disk:
            disk.write(b"pretended boot code and table")
        return ""

    def _wipefs(self, argv: list[str]) -> str:
        if "--no-act" in argv:
            return ""
        if Path(argv[-1]).is_file():
            with Path(argv[-1]).open("r+b") as disk:
                disk.write(bytes(512))
        return ""

    def _unsquashfs(self, argv: list[str]) -> str:
        root = Path(argv[argv.index("-dest") + 1]) / argv[-1]
        for name in BOOT_FILES:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(name.encode().ljust(512))
        for name in ("etc/default", "etc/sudoers.d", "var/tmp", "var/log", "boot", "home"):
            (root / name).mkdir(parents=True, exist_ok=True)
        return ""

    def _grub_mkimage(self, argv: list[str]) -> str:
        output = next(each for each in argv if each.startswith("--output=")).partition("=")[2]
        Path(argv[1] + output).write_bytes(b"core".ljust(1500))
        return ""

    def _fallocate(self, argv: list[str]) -> str:
        Path(argv[-1]).touch()
        return ""

    def _mcopy(self, argv: list[str]) -> str:
        source, target = argv[-2:]
        if target == "::/":
            shutil.copytree(source, self.esp / "EFI", dirs_exist_ok=True)
        else:
            shutil.copyfile(self.esp / source.removeprefix("::/"), target)
        return ""

    def _mren(self, argv: list[str]) -> str:
        place = self.esp / argv[-2].removeprefix("::/")
        place.rename(place.with_name(argv[-1]))
        return ""

    def _efibootmgr(self, argv: list[str]) -> str:
        if "--create" in argv:
            guid = self.guids[argv[argv.index("--part") + 1]]
            self.entry = f"Boot0003* Photon\tHD(2,GPT,{guid},0x1000,0x100000)/File(\\EFI)\n"
        return f"BootCurrent: 0001\nBoot0000* UiApp\tFvVol(x)\n{self.entry}"


@dataclass(slots=True)
class Told:
    """A sink that keeps every event."""

    events: list[Event] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[_Kind]) -> list[_Kind]:
        return [each for each in self.events if isinstance(each, kind)]
