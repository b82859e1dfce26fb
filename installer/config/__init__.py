"""The configuration: a checked kickstart as frozen data, from a document and back to one."""

from installer.config.read import from_document, read_secret_file
from installer.config.write import hash_passwords, to_document

__all__ = ["from_document", "hash_passwords", "read_secret_file", "to_document"]
