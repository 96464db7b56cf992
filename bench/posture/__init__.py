"""The whole posture of the LAN for questions (tests/questions), by us and by a chain of other people's programs."""
