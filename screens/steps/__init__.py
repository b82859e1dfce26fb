"""One module for each screen of the walk: what it shows and asks, as plain form data."""
