"""Captured traffic: frames become conversations, what is said in them becomes facts of the devices.

``wire/capture`` reads files; :mod:`.conversation` is what all parts share; ``readers/`` read one protocol each.
Nothing here sends anything, opens a socket or looks a name up.
"""
