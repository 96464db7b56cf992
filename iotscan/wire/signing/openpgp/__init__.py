"""OpenPGP as feeds and packages use it: detached and cleartext signatures, and the keyrings that verify them."""
