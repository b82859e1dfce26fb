"""Measured boot: what the TPM's registers (PCRs) will hold after the next start, and why."""
