"""From a trained checkpoint to an artifact, checked for parity."""
