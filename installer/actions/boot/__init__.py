"""Steps that make the host start: ESPs, boot loaders, keys, boot entries, the boot check."""
