"""The line-mode renderer: for a terminal that can do nothing else."""
