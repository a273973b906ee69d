"""Writers of files that open elsewhere; plain arrays in."""
