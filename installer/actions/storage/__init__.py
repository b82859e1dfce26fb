"""Steps on disks: tables, arrays, encryption, volumes, filesystems."""
