"""Publishing a dataset on the hub: what is uploaded, and what is said of it there."""
