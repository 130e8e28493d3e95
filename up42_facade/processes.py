"""Processes and their prices, importable under the name of their former module."""

from up42_facade.processing import Price, Process

__all__ = ["Price", "Process"]
