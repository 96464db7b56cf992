"""What a TLS server costs us, other tools and a bare socket: see :mod:`.peers` and :mod:`.services`."""
