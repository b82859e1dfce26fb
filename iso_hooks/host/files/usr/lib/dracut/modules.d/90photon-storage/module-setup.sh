#!/bin/bash
# dracut module: the drivers of the disks and filesystems that a host may boot from. What a kernel
# flavour does not have is passed over.

check() {
    return 0
}

depends() {
    return 0
}

installkernel() {
    hostonly='' instmods ext4 xfs btrfs crc32c_intel overlay
    hostonly='' instmods ahci ata_piix ata_generic sata_nv sata_sil sata_via nvme sd_mod sr_mod
    hostonly='' instmods virtio_pci virtio_mmio virtio_blk virtio_scsi hv_vmbus hv_storvsc xen-blkfront
    hostonly='' instmods vmw_pvscsi mptspi mptsas mpt3sas megaraid_sas megaraid_mbox aacraid hpsa
    hostonly='' instmods smartpqi arcmsr 3w-9xxx 3w-sas pm80xx isci mvsas
    hostonly='' instmods uas usb-storage xhci-pci ehci-pci ohci-pci uhci-hcd usbhid hid-generic
    hostonly='' instmods sdhci-pci sdhci-acpi mmc_block atkbd i8042 vfat nls_cp437 nls_ascii
}

install() {
    inst_hook initqueue/settled 10 "$moddir/photon-waiting.sh"
    inst_hook emergency 10 "$moddir/photon-failed.sh"
    inst_hook shutdown-emergency 10 "$moddir/photon-failed.sh"
}
