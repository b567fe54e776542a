"""What the command prints: tables, dialogues, personas, and what the evidence says."""
