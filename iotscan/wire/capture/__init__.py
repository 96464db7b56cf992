"""Files of captured frames (pcap, pcapng) and what is around an IP packet in a frame. No sockets, no decisions."""
