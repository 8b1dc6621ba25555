"""Embeddings: from the words of a description to a vector. One file per backend."""
