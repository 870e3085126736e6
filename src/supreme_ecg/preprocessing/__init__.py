"""Record -> Window: the signal contract, resampling, masks, quality checks."""
