"""Recipe -> checkpoint: one file a step of pre-training."""
