"""The machine as frozen facts, how people read them, and the partition tables of its disks."""
