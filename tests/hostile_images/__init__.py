"""Hostile images by script: a case a name, each built anew, each opened and asked about as any image is.

``case.py`` says what a case is, ``running.py`` runs one in a process that may hold little and watches the host; the
tables (``folders.py``, ``archives.py`` …) are the cases. Threats: rows 21 to 30 of the project's list of them.

What the tests of each reader prove is not proven here again: damage and cuts at any place of tar, cpio, zip, packed
streams, squashfs, ext, FAT, disks, UBI, UBIFS, JFFS2, FIT, uImage, Android's images, TRX and kernels stand beside them
in ``tests/observe/image``; ``test_structures.py`` here adds what is cut exactly at a structure.
"""
