"""Password hashes of an image: what a field is, and whether a well-known password fits it."""
