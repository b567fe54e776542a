"""What is timed: each module prints one table and, with --json, one JSON object last."""
