"""What the project promises about time and room, measured; see README.md."""
