"""A cohort of simulated ECGs and reports with known truth, for machines that hold no data."""
