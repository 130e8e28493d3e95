"""An invented landscape, with images, maps, and detections of it."""
