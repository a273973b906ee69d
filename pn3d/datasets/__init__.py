"""Readers of data sets and motion capture: everything that becomes Clips with a known meaning."""
