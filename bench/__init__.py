"""Measurements. ``python -m bench`` compares things measured side by side in one run; nothing here asserts."""
