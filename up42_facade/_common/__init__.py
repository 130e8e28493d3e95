"""What several parts of the facade use."""
