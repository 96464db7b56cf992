"""A second opinion on services that nothing of ours recognised: the installed nmap, where the user wished it."""
