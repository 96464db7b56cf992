"""The audit report: a run, and what goes with it, as a document. :func:`document` puts the sections together.

A section is a file with one function, ``section(told) -> Section | None``; None leaves it out. All of them read
the same :class:`~iotscan.report.audit.told.Told` and none knows a format.
"""
