"""Everything that turns a file into Clips, and Clips into windows."""
