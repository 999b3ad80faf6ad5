"""The face recognizer: detector, network, calibration and decision rule in one object."""
