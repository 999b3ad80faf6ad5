"""Other people's networks into model folders of ours; each proven equal before it is written."""
