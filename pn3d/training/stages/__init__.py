"""One file per stage: its terms and its gradients."""
