"""The one kind of error that is the user's to mend."""


class BadInput(Exception):
    """Something that was given cannot be used. The text is one line: what, where, and what to do.

    The command line prints it and exits with 2; nothing was sent. More specific errors derive from it.
    """
