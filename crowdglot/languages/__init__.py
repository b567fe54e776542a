"""Languages: what is known of them, and which one a text is in."""
