"""Checks of the built package and of the versions of its dependencies."""
