"""What a finished dataset is worth: against people, against another one, against harm."""
