"""Margin losses for training embeddings: cosine to logits to cross-entropy."""
