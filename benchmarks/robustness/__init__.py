"""What changed clips, damaged files, kills and other device counts do."""
