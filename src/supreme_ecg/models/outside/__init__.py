"""ECG models that others trained, for those who have their weights: each fed what it was trained with."""
