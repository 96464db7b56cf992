"""What a CRL or an OCSP response says of the certificates of a chain: read, verified, and no opinion on its freshness.

Source: RFC 5280 sections 5 and 6.3 (CRLs), RFC 6960 (OCSP). No sockets, no files, no clock.
"""
