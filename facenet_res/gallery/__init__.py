"""The durable set of known people and its search index."""
