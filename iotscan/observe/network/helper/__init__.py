"""Raw frames: a small program that may send a closed list of questions, and those who start and ask it."""
