"""The storage origin: signed URLs, byte ranges, checksums."""
