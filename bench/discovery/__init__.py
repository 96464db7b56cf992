"""Host discovery on a link, beside a minimal sweep, nmap and arp-scan."""
