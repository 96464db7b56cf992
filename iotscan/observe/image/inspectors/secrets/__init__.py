"""Secrets in text files of an image: by their own form, by what the file calls them, by what kind of file it is."""

from iotscan.observe.image.inspectors.secrets.sweeper import INSPECTOR

__all__ = ["INSPECTOR"]
