"""Steps on the files of the new host: the payload, accounts, units, scripts."""
