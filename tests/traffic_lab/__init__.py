"""Captures of real traffic, made anew by the tests, each with a truth file."""
