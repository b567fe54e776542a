"""Speech events: one TOML file an event. Data only."""
