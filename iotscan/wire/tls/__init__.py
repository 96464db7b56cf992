"""TLS hellos as bytes and values: what a scanner asks, what a server answers, what a client offers."""
