"""Metrics with named conventions, evaluation, protocols, reports."""
