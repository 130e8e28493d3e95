"""The `up42` command: the public functions of this package for a terminal and for scripts."""
