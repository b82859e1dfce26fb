"""The labels of volumes that kickstarts are read from, in the order in which they are tried."""

# Ours, Red Hat's driver disk, cloud-init's NoCloud.
KICKSTART_LABELS = ("PHOTONKS", "OEMDRV", "CIDATA")
