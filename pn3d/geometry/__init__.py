"""Skeletons, rotations, cameras and kinematics: what is known of points."""
