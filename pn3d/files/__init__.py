"""Errors that speak to the user, atomic files, and pickles read safely."""
