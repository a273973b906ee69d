"""What makes files of this repository, and what tests and benchmarks share."""
