"""The planner: pure functions from a configuration and a machine to a plan."""
