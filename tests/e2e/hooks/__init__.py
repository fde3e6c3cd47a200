"""Webhook servers for tests (Plimsoll's real program among them), and their registration with the API server."""
