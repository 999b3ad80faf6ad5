"""Recall, false detections and time of the detector, with and without its retries."""
