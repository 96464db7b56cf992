"""Writers of the document formats: each lays out a :class:`~iotscan.report.document.Document` and knows no run."""
