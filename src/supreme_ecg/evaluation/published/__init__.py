"""The label tables that the zero-shot ECG literature uses, as published, defects included."""
