"""Published corpora -> entries: one file a corpus."""
