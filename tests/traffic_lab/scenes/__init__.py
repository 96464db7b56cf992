"""Scenes: real clients and servers talk to each other on a wire of the test's own, and tcpdump writes it down.

A scene is a module with ``play(stage)``; what is true of it stands in ``truth/NAME.yaml``.
"""
