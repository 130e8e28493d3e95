"""Programs that run where only the built package is installed."""
