"""Measurements too slow for the tests; each prints a table with its conditions."""
