"""The live system: its initrd, and installer.squashfs with our code, which lies over its tree."""

from __future__ import annotations

import shutil
from pathlib import Path

from iso_hooks.cpio import with_segment
from iso_hooks.payload import kernel_version
from iso_hooks.recipe import Compression, Recipe
from iso_hooks.run import run
from iso_hooks.steps import BuildDir, Step, file_sha256, files_digest, source_files
from iso_hooks.trees import newest_epoch, tree_path

HERE = Path(__file__).parent
_SOURCES = HERE.parent
PACKAGES = ("installer", "screens", "ks_schema")
_INITRAMFS = HERE / "live" / "initramfs"
_FILES = HERE / "live" / "files"
CODE = "usr/lib/photon-installer"

# Started on boot, beside what Debian's units pull in by themselves.
_ENABLED = {
    "multi-user.target.wants": ("photon-farewell.service", "systemd-networkd.service"),
    "sockets.target.wants": ("systemd-networkd.socket",),
    "sysinit.target.wants": (
        "systemd-network-generator.service",
        "systemd-resolved.service",
        "photon-swap.service",
    ),
}

# Nobody logs in, nothing is kept, and nothing of the machine's own disks is started. Each unit
# that stays away is also time saved where the machine is slow.
_MASKED = (
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "blk-availability.service",
    "console-getty.service",
    "console-setup.service",
    "debug-shell.service",
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "dm-event.socket",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "emergency.service",
    "fstrim.timer",
    "getty-static.service",
    "getty.target",
    "grub-common.service",
    "keyboard-setup.service",
    "ldconfig.service",
    "lvm2-lvmpolld.socket",
    "lvm2-monitor.service",
    "mdadm-shutdown.service",
    "mdcheck_continue.timer",
    "mdcheck_start.timer",
    "mdmonitor-oneshot.timer",
    "modprobe@fuse.service",
    "proc-sys-fs-binfmt_misc.automount",
    "rescue.service",
    "run-lock.mount",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "systemd-ask-password-console.path",
    "systemd-ask-password-wall.path",
    "systemd-binfmt.service",
    "systemd-boot-random-seed.service",
    "systemd-creds.socket",
    "systemd-firstboot.service",
    "systemd-hibernate-clear.service",
    "systemd-homed-firstboot.service",
    "systemd-hostnamed.socket",
    "systemd-hwdb-update.service",
    "systemd-initctl.socket",
    "systemd-journal-catalog-update.service",
    "systemd-journal-flush.service",
    "systemd-logind.service",
    "systemd-machine-id-commit.service",
    "systemd-networkd-wait-online.service",
    "systemd-pcrextend.socket",
    "systemd-pcrlock.socket",
    "systemd-pcrmachine.service",
    "systemd-pcrphase-sysinit.service",
    "systemd-pcrphase.service",
    "systemd-pstore.service",
    "systemd-random-seed.service",
    "systemd-remount-fs.service",
    "systemd-sysext.socket",
    "systemd-sysusers.service",
    "systemd-tmpfiles-clean.timer",
    "systemd-tpm2-setup-early.service",
    "systemd-tpm2-setup.service",
    "systemd-udev-load-credentials.service",
    "systemd-update-done.service",
    "systemd-update-utmp.service",
    "systemd-user-sessions.service",
    "user.slice",
    "xfs_scrub_all.timer",
)
_MASKED_GENERATORS = (
    "lvm2",
    "systemd-cryptsetup-generator",
    "systemd-debug-generator",
    "systemd-fstab-generator",
    "systemd-getty-generator",
    "systemd-gpt-auto-generator",
    "systemd-hibernate-resume-generator",
    "systemd-integritysetup-generator",
    "systemd-rc-local-generator",
    "systemd-ssh-generator",
    "systemd-sysv-generator",
    "systemd-tpm2-generator",
    "systemd-veritysetup-generator",
)
# Arrays and volume groups found on the disks stay stopped: a disk in use cannot be installed to.
_MASKED_RULES = (
    "63-md-raid-arrays.rules",
    "64-md-raid-assembly.rules",
    "69-lvm.rules",
    "69-md-clustered-confirm-device.rules",
    "01-md-raid-creating.rules",
)


def initrd_step(build_dir: BuildDir, recipe: Recipe, live_key: str) -> Step:
    """The step that makes ``live/vmlinuz`` and ``live/initrd`` (without digests)."""
    folder = build_dir.own("live")
    initrd, vmlinuz = folder / "initrd", folder / "vmlinuz"
    script = HERE / "live" / "initrd.sh"
    tree = tree_path(build_dir, recipe.live)

    def action(log: Path) -> str:
        work = build_dir.own("work")
        epoch = {"SOURCE_DATE_EPOCH": str(newest_epoch(build_dir, recipe))}
        run(["unshare", "--mount", script, tree, _INITRAMFS, work, initrd], log=log, env=epoch)
        shutil.copyfile(tree / "boot" / f"vmlinuz-{kernel_version(tree)}", vmlinuz)
        return file_sha256(initrd)

    return Step(
        name=f"{build_dir.edition}-initrd",
        title="initrd of the live system",
        inputs=[live_key, files_digest(script, _INITRAMFS)],
        outputs=(initrd, vmlinuz),
        action=action,
    )


def installer_step(build_dir: BuildDir, recipe: Recipe, live_key: str) -> Step:
    """The step that packs our Python code and the live system's units."""
    image = build_dir.own("live") / "installer.squashfs"

    def action(log: Path) -> str:
        staging = build_dir.own("work") / "installer"
        shutil.rmtree(staging, ignore_errors=True)
        _stage(staging)
        _compile(tree_path(build_dir, recipe.live), staging, log)
        _pack_flat(staging, image, recipe.edition.squashfs, newest_epoch(build_dir, recipe), log)
        return file_sha256(image)

    return Step(
        name=f"{build_dir.edition}-installer",
        title="installer.squashfs",
        inputs=[
            live_key,
            str(recipe.edition.squashfs),
            files_digest(_FILES, Path(__file__), *(_SOURCES / name for name in PACKAGES)),
        ],
        outputs=(image,),
        action=action,
    )


def initrd_with_digests(build_dir: BuildDir, index: Path, *images: Path, verity: str = "") -> bytes:
    """The initrd that vouches for this index, which vouches for the payload, and these images.

    ``verity`` is what dm-verity has to know of the payload's image: its blocks, and the root hash.
    """
    files = (index, *images)
    sums = "".join(f"{file_sha256(path)}  {path.name}\n" for path in files)
    return with_segment(
        (build_dir.own("live") / "initrd").read_bytes(),
        {
            "photon-index.sha256": f"{file_sha256(index)}\n".encode(),
            "photon-sha256sums": sums.encode(),
            **({"photon-verity": verity.encode()} if verity else {}),
        },
    )


def _stage(staging: Path) -> None:
    """Lay out the files as they lie over the live tree."""
    copy_plain(_FILES, staging)
    for name in PACKAGES:
        copy_plain(_SOURCES / name, staging / CODE / name)
    units = staging / "etc/systemd/system"
    for wants, names in _ENABLED.items():
        (units / wants).mkdir(parents=True, exist_ok=True)
        for name in names:
            folder = "/etc" if (units / name).exists() else "/usr/lib"
            (units / wants / name).symlink_to(f"{folder}/systemd/system/{name}")
    for folder, names in (
        ("etc/systemd/system", _MASKED),
        ("etc/systemd/system-generators", _MASKED_GENERATORS),
        ("etc/udev/rules.d", _MASKED_RULES),
    ):
        (staging / folder).mkdir(parents=True, exist_ok=True)
        for name in names:
            (staging / folder / name).symlink_to("/dev/null")


def copy_plain(source: Path, target: Path) -> None:
    """Copy a folder's files with plain modes, whatever the checkout's umask was."""
    for path in source_files(source):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        copy.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _compile(tree: Path, staging: Path, log: Path) -> None:
    """Byte-compile with the live system's own Python: the first screen comes sooner."""
    compiling = 'mount --bind "$2" "$1/mnt" && exec chroot "$1" python3 -m compileall -q -j 2 '
    options = f"--invalidation-mode unchecked-hash -s /mnt -p / /mnt/{CODE}"
    run(["unshare", "--mount", "sh", "-c", compiling + options, "sh", tree, staging], log=log)


def _pack_flat(folder: Path, image: Path, how: Compression, epoch: int, log: Path) -> None:
    """Pack a folder's content as the image's root."""
    image.unlink(missing_ok=True)
    run(
        [
            "mksquashfs", folder, image, "-all-root", "-no-progress", "-no-xattrs",
            "-comp", how.compression, "-Xcompression-level", str(how.level),
            "-all-time", str(epoch), "-mkfs-time", str(epoch),
        ],
        log=log,
    )  # fmt: skip
