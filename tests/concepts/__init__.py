"""Tests of the concept table and of labels."""
