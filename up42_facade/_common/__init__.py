"""Helpers that several packages of the facade use."""
