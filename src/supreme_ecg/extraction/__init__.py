"""Tables of reports -> findings: reading, running an extractor over them, and writing."""
