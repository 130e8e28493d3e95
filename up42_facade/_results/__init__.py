"""What jobs deliver: files, features and rasters."""
