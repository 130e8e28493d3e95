"""What is measured, what came out, and how it is shown."""
