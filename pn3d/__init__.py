"""PoseNet3D in JAX/Flax (unofficial): 3D skeletons and SMPL bodies learnt from 2D keypoints alone."""

__version__ = "0.1.0"
