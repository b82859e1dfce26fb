"""Secure Boot: what a firmware trusts, what is signed, and whether the one lets the other start."""
