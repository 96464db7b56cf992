"""OAuth as real servers and clients speak it, and metadata as products publish them."""
