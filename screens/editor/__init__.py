"""The partition editor: edits of nouns, what they look like, and the pages that ask for them."""
