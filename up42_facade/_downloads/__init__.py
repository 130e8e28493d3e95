"""The parts of `up42_facade.downloads`: from a signed URL to files that are whole."""
