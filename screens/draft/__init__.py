"""What the person has said so far, and how it becomes a kickstart."""
