"""The version, in one place; importlib.metadata would read files on import."""

__version__ = "0.1.0"
