"""Internals of `up42_facade.stac`."""
