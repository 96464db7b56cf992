"""The memory across audits: an index of the runs of one folder, to be made again from their files at any time."""
