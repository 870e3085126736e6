"""The packed store: written by ingest, read as batches."""
