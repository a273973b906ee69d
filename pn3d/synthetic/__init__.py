"""Built-in motion: made by rule, seen by virtual cameras."""
