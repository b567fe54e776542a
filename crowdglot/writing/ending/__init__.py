"""What is done once shards are written: near-duplicates, metrics, report and card."""
