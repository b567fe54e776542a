"""What exports share: reading a dataset, views of a dialogue, lengths, files."""
