"""How devices are found: one method a file, each saying what it saw and how."""
