"""The version of the program; pyproject.toml and the health answer read it here."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
