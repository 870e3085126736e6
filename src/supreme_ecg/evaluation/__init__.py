"""Weights -> scores: tasks, metrics with bootstrap intervals, zero-shot, extraction scores."""
