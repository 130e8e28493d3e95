"""The account's storage as a STAC catalog."""
