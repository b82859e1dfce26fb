"""The doors to the running system: programs, private files, mounts, the kernel log."""
