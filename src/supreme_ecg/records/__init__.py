"""File -> Record: what an ECG is, one file per format."""
