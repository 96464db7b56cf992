"""The practice network: small real-protocol devices on loopback, to learn on and to test against."""
