"""Prediction and the weights that travel; imports no optax, no orbax."""
