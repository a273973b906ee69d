"""Human motion made by rule: anatomical angles over time, and where the ground puts the body."""
