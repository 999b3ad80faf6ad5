"""Bytes to pixels, and geometry on them."""
