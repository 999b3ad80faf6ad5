"""Running an embedding network fast: runtimes, batching, unit embeddings."""
