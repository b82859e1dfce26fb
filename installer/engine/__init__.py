"""Carries a plan out: the run itself, its journal, what is behind a failure."""
