"""How good is it: verification, identification, thresholds, reports."""
