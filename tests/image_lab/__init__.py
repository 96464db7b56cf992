"""Whole gateway images, built by real tools, with the truth about each: what must be found, and nothing else.

``build.py`` names them; ``truth/NAME.yaml`` says what is in NAME. A builder writes files and runs tools only; it never
imports iotscan.
"""
