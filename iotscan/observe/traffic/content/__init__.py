"""What is in what was said, whatever the protocol: secrets, tokens, personal data, updates."""
