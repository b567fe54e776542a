"""The same questions through other tools, each in an environment of its own."""
