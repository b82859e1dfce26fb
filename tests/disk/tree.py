"""A payload made here: a root tree with just enough in it for every action to do its real work."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

from tests.engine import BOOT_FILES
from tests.vm.media import BUILD, built_edition

# What is signed is taken from a tree of the medium: the installation looks at the signatures.
BUILT = BUILD / "trees/minimal-cloud"
REAL_PAYLOAD = BUILD / built_edition() / "payload"
KERNEL = "6.12"
PROGRAMS = ("groupadd", "useradd", "chpasswd", "sh", "mkdir", "touch", "cat", "sleep", "setsid")
UNITS = ("docker.service", "ssh.service", "fstrim.timer", "systemd-timesyncd.service")
FOLDERS = (
    "boot", "dev", "etc/default", "etc/skel", "etc/sudoers.d", "etc/systemd/network", "home",
    "proc", "root", "run", "sys", "tmp", "usr/lib/systemd/system", "var/log", "var/tmp", "var/mail",
)  # fmt: skip
# Stands for the tree's own GRUB, which this machine need not have: writes the file it is told to.
MKIMAGE = """\
#!/bin/sh
for word in "$@"; do
  case $word in --output=*) printf '%01500d' 0 > "${word#--output=}" ;; esac
done
"""


def make_payload(folder: Path) -> Path:
    """Make the folder with its index and its image."""
    tree = folder / "tree" / "minimal-cloud"
    _make_tree(tree)
    payload = folder / "payload"
    payload.mkdir()
    image = payload / "root.squashfs"
    subprocess.run(
        ["mksquashfs", tree.parent, image, "-no-progress", "-quiet", "-comp", "zstd"],
        check=True,
        capture_output=True,
    )
    size = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())
    index = {
        "format": 1,
        "edition": "Photon test",
        "images": [
            {
                "file": image.name,
                "size": image.stat().st_size,
                "sha256": hashlib.sha256(image.read_bytes()).hexdigest(),
            }
        ],
        "trees": [
            {
                "name": "minimal-cloud",
                "set": "minimal",
                "kernel": "cloud",
                "image": image.name,
                "path": "minimal-cloud",
                "kernel_version": KERNEL,
                "installed_size": size,
                "units": list(UNITS),
                "groups": ["docker"],
            }
        ],
    }
    (payload / "index.json").write_text(json.dumps(index), encoding="utf-8")
    return payload


def _make_tree(tree: Path) -> None:
    for name in FOLDERS:
        (tree / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (tree / "usr" / name).mkdir(exist_ok=True)
        (tree / name).symlink_to(f"usr/{name}")
    for name in PROGRAMS:
        _copy_program(name, tree)
    for name in BOOT_FILES:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(BUILT / name, tree / name)
    kernel = next(BUILT.glob("boot/vmlinuz-*"))
    shutil.copy(kernel, tree / f"boot/vmlinuz-{KERNEL}")
    (tree / f"boot/initrd.img-{KERNEL}").write_bytes(b"an initrd")
    for name in UNITS:
        text = "[Unit]\nDescription=test\n[Install]\nWantedBy=multi-user.target\n"
        (tree / "usr/lib/systemd/system" / name).write_text(text, encoding="utf-8")
    script = tree / "usr/bin/grub-mkimage"
    script.write_text(MKIMAGE, encoding="utf-8")
    script.chmod(0o755)
    (tree / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n", encoding="utf-8")
    (tree / "etc/group").write_text("root:x:0:\ndocker:x:990:\n", encoding="utf-8")
    (tree / "etc/shadow").write_text("root:*:20000:0:99999:7:::\n", encoding="utf-8")
    (tree / "etc/gshadow").write_text("root:*::\ndocker:!::\n", encoding="utf-8")
    (tree / "etc/shadow").chmod(0o600)
    shutil.copy("/etc/login.defs", tree / "etc/login.defs")


def _copy_program(name: str, tree: Path) -> None:
    path = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if path is None:
        raise FileNotFoundError(name)
    shutil.copy(path, tree / "usr/bin" / name)
    listed = subprocess.run(["ldd", path], check=True, capture_output=True, text=True).stdout
    for library in re.findall(r"(/\S+) \(0x", listed):
        place = tree / library.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            shutil.copy(library, place)
