"""What is run for each topic, and the figures that come of it."""
