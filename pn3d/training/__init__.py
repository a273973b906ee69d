"""The three stages and the one loop that runs them."""
