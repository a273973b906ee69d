"""The networks: teacher, student, discriminators."""
