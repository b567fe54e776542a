"""How well each language is verified: own dialogues, dialogues and single turns of relatives."""
