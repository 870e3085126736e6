"""Findings -> concepts: the vocabulary, its hierarchy, codes and words, and the labels."""
