"""SSH as far as nobody logs in: what a server says of itself, and one key exchange after another (RFC 4250 to 4254)."""
