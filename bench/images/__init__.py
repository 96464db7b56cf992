"""What an image costs us and other tools: see :mod:`.posture`, :mod:`.peers` and :mod:`.scale`."""
