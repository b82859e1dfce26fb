"""The boot check: what was found and what will be measured, of a host wherever it is."""
