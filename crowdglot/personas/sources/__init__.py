"""Where personas come from. One module a source."""
