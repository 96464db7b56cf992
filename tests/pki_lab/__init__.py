"""A public key infrastructure for tests, made while they run: see README.md."""
