"""Checkpoint -> answers about one ECG."""
