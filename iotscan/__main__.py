"""``python -m iotscan``."""

from iotscan.cli.main import main

main()
