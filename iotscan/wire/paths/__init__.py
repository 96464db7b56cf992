"""Ways of signatures from a certificate to a root that is trusted: RFC 5280 section 6, as TLS clients walk them.

Why not a library's: ``docs/decisions/0046-paths-walked-by-ourselves.md``.
"""
