"""The partition editor: edits of parts, what they look like, and the pages that ask for them."""
