"""What single words say of their language: how frequent they are, and of which letters."""
