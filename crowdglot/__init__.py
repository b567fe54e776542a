"""What every room stands on: the version, the errors, strict TOML, counter-based draws."""

__version__ = "0.1.0"
