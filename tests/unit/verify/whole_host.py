"""A host with keys of its own to sign what starts it, for what damaged disks are made of."""

from __future__ import annotations

from pathlib import Path

from installer.boot.esp import Esp
from installer.boot_check.next_start import OTHER_FIRMWARE, predictions_of
from installer.boot_check.report import check_host
from installer.measured.predict import FirmwareState
from installer.verify.esp import Judge
from installer.verify.host import Subject
from tests.unit.secureboot.programs import Key, program, shim_sections, signature_verifier, trust
from tests.unit.verify.hosts import ESP, ROOT, places_of, put

Keys = dict[str, Key]
MENU = f"""\
set default=0
search --no-floppy --fs-uuid --set=root {ROOT}
if [ -f /boot/grub/custom.cfg ]; then source /boot/grub/custom.cfg; fi
menuentry 'Photon' --id photon {{
  linux /boot/vmlinuz-1 root=UUID={ROOT} ro
  initrd /boot/initrd.img-1
}}
"""
ON_ESP = (
    f"search.fs_uuid {ROOT} root\nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n"
)
FSTAB = f"UUID={ROOT} / ext4 defaults 0 1\nUUID={ESP} /boot/efi vfat nofail 0 2\n"
LIST = "\ufeffshimx64.efi,Photon,,This starts Photon\n".encode("utf-16-le")


def make_folders(top: Path, keys: Keys) -> None:
    """A root, and an ESP with shim and GRUB, one with systemd-boot and an image."""
    shim = keys["firmware"].sign(program(b"shim", **shim_sections(vendor=keys["vendor"].der)))
    root, esp, uki = top / "root", top / "esp", top / "uki"
    put(root, "boot/vmlinuz-1", data=keys["vendor"].sign(program(b"kernel", sbat=b"")))
    put(root, "boot/initrd.img-1")
    put(root, "boot/grub/grub.cfg", data=MENU.encode())
    put(root, "etc/fstab", data=FSTAB.encode())
    put(esp, "EFI/debian/shimx64.efi", "EFI/BOOT/BOOTX64.EFI", data=shim)
    for name in ("grub", "mm", "fb"):
        data = keys["vendor"].sign(program(name.encode()))
        put(esp, f"EFI/debian/{name}x64.efi", f"EFI/BOOT/{name}x64.efi", data=data)
    put(esp, "EFI/debian/grub.cfg", data=ON_ESP.encode())
    put(esp, "EFI/debian/BOOTX64.CSV", data=LIST)
    loader = keys["firmware"].sign(program(b"loader"))
    put(uki, "EFI/systemd/systemd-bootx64.efi", "EFI/BOOT/BOOTX64.EFI", data=loader)
    parts = {
        "linux": b"kernel",
        "initrd": b"initrd",
        "cmdline": f"root=UUID={ROOT} ro".encode(),
        "sdmagic": b"#### LoaderInfo: systemd-stub 257.13-1 ####",
        "osrel": b"ID=photon",
    }
    image = keys["firmware"].sign(program(b"stub", **parts))
    put(uki, "EFI/Linux/photon-1+3.efi", data=image)


def look(root: Path, esp: Esp, work: Path, keys: Keys) -> None:
    """The whole check, and all that is made of what it finds."""
    subject = Subject(
        places=places_of({ROOT: root}),
        root=root,
        esps=(esp,),
        judge=Judge(verifier=signature_verifier(work), trust=trust(db=keys["firmware"].listed)),
    )
    report = check_host(subject)
    assert report.text()
    assert report.to_json()
    predictions_of(subject, lambda: OTHER_FIRMWARE)
    predictions_of(subject, lambda: FirmwareState(variables={}))
