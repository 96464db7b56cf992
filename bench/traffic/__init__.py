"""How fast and in how much memory a capture is read, beside tshark."""
