"""The parts of `up42_facade.viz`: plots and maps."""
