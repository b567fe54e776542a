"""Where the weights of a model are found, and how they are checked."""
