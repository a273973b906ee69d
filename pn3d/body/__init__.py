"""The SMPL layer, the built-in body, landmarks."""
