"""Writers of small files in other programs' formats, on made-up content: for tests and benchmarks."""
