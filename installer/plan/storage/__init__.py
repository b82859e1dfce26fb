"""From what was asked of the disks to what will lie on them, byte by byte."""
