"""Compression of images and embeddings: few columns in the place of hundreds, learned from rows that serve no more."""
