"""The pn3d command: arguments to config to one call."""
