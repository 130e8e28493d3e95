"""An invented landscape, and the pictures, maps and detections that are made from it."""
