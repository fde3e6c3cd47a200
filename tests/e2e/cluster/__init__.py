"""A real Kubernetes control plane on loopback, and what tests need to talk to it."""
