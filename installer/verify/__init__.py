"""Whether an installed host will start, and if not, why not: findings about its parts."""
