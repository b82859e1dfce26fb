"""What is where on a started host: the names of its boot loader's files, kernels and menus.

Another distribution's boot chain would be another :class:`HostLayout`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedProgram:
    """A program of an EFI boot loader: its name on an ESP, and where the host's package has it."""

    name: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLayout:
    """Where the parts are that a host starts from; paths on an ESP are relative to its top.

    ``vendor`` is the directory that the boot entry leads to, ``removable`` the one for firmware
    without an entry, where shim is called ``removable_loader``. GRUB has its menu ``menu`` in the
    first, and in ``/boot/grub``; GRUB for a BIOS is in ``bios_path``, made of what is in
    ``bios_modules``, with the script ``bios_start`` built in. ``systemd_boot`` is in ``systemd``,
    and starts the unified kernel images in ``images``. ``kernel`` and ``initrd`` are what the names
    of those in ``/boot`` begin with.
    """

    vendor: str
    removable: str
    removable_loader: str
    shim: SignedProgram
    grub: SignedProgram
    mok_manager: SignedProgram
    fallback: SignedProgram
    fallback_list: str
    systemd: str
    systemd_boot: SignedProgram
    images: str
    boot: str = "/boot"
    esp_mount: str = "/boot/efi"
    grub_directory: str = "grub"
    menu: str = "grub.cfg"
    bios_platform: str = "i386-pc"
    bios_start: str = "load.cfg"
    bios_modules: str
    kernel: str = "vmlinuz-"
    initrd: str = "initrd.img-"

    @property
    def chain(self) -> tuple[SignedProgram, ...]:
        """The programs of the chain that begins with shim."""
        return (self.shim, self.mok_manager, self.fallback, self.grub)

    @property
    def directories(self) -> tuple[str, ...]:
        """Those of an ESP that have a boot loader."""
        return (self.vendor, self.removable, self.systemd, self.images)

    @property
    def shim_path(self) -> str:
        """Where the boot entry finds shim."""
        return f"{self.vendor}/{self.shim.name}"

    @property
    def removable_path(self) -> str:
        """What firmware starts that has no entry for the disk."""
        return f"{self.removable}/{self.removable_loader}"

    @property
    def systemd_path(self) -> str:
        """Where the boot entry finds systemd-boot."""
        return f"{self.systemd}/{self.systemd_boot.name}"

    @property
    def esp_menu(self) -> str:
        """GRUB's menu on an ESP."""
        return f"{self.vendor}/{self.menu}"

    @property
    def grub_path(self) -> str:
        """The directory of GRUB's menu in the host."""
        return f"{self.boot}/{self.grub_directory}"

    @property
    def menu_path(self) -> str:
        """GRUB's menu in the host."""
        return f"{self.grub_path}/{self.menu}"

    @property
    def bios_path(self) -> str:
        """The directory of GRUB for BIOS in the host."""
        return f"{self.grub_path}/{self.bios_platform}"

    def esp_sources(self) -> dict[str, str]:
        """The path of each program on an ESP that begins with shim, and of its source."""
        others = (self.mok_manager, self.grub, self.fallback)
        return {
            self.shim_path: self.shim.source,
            **{f"{self.vendor}/{each.name}": each.source for each in others},
            **{f"{self.removable}/{each.name}": each.source for each in others},
            self.removable_path: self.shim.source,
        }

    def kernel_name(self, version: str) -> str:
        """The file of a kernel in ``/boot``."""
        return f"{self.kernel}{version}"

    def initrd_name(self, version: str) -> str:
        """The file of its initrd there."""
        return f"{self.initrd}{version}"


DEBIAN = HostLayout(
    # Debian's signed GRUB looks for its menu there, wherever it was started from.
    vendor="EFI/debian",
    removable="EFI/BOOT",
    removable_loader="BOOTX64.EFI",
    shim=SignedProgram(name="shimx64.efi", source="/usr/lib/shim/shimx64.efi.signed"),
    grub=SignedProgram(
        name="grubx64.efi", source="/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"
    ),
    mok_manager=SignedProgram(name="mmx64.efi", source="/usr/lib/shim/mmx64.efi.signed"),
    fallback=SignedProgram(name="fbx64.efi", source="/usr/lib/shim/fbx64.efi.signed"),
    fallback_list="BOOTX64.CSV",
    systemd="EFI/systemd",
    systemd_boot=SignedProgram(
        name="systemd-bootx64.efi", source="/usr/lib/systemd/boot/efi/systemd-bootx64.efi"
    ),
    images="EFI/Linux",
    bios_modules="/usr/lib/grub/i386-pc",
)


def firmware_path(path: str) -> str:
    """A path on an ESP as the firmware writes it in its boot entries."""
    return "\\" + path.strip("/").replace("/", "\\")
