"""Signed update artefacts: each format read to its signatures, and whether a signature holds with a key.

One format a file (``rauc.py``, ``swupdate.py`` …); :mod:`.verifying` and :mod:`.chain` know keys, not formats.
"""
