"""Why a piece of an image cannot be read."""

INSTALL = "pip install 'iotscan[image]'"
"""What brings the libraries of images."""


class Unreadable(Exception):
    """A piece of the image that cannot be read: the message says why, never what is in it."""


class Unsupported(Unreadable):
    """It is what it says it is, and we cannot read it right: the message names the feature (``inline_data``)."""


class NotRead(Unsupported):
    """Its very format is one that we do not read: another tool may."""


class NeedsLibrary(Unreadable):
    """It could be read with a library that is not installed: the message is the command that installs it."""

    def __init__(self, cure: str = INSTALL) -> None:
        super().__init__(cure)
