"""What a started host looks like: its filesystems, ESPs and menus, as a boot loader has them."""
