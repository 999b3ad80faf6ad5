"""Where the time of one identification goes, stage by stage."""
