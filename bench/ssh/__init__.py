"""What an SSH server costs us and ssh-audit: see :mod:`.peers`."""
