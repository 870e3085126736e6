"""Batch -> embedding, logits, loss: encoders, text encoder, fusion network, and whole methods."""
