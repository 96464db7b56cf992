"""A cloud of real servers at addresses that RFC 5737 sets aside, and a scanner with a resolver of its own."""
