"""Rules that tell a product from what a device says: ours in ``rules/``, those of ``--fingerprints``, one format.

The format is that of recog (github.com/rapid7/recog, ``xml/fingerprints.xsd``), so that its files and anybody's own
can be used as they are. The rules of iotscan were written for it, each with the source of what it claims.
"""
