"""Findings of a corpus -> its vocabulary: entities, clusters, concepts, and a person's review."""
