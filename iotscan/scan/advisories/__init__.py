"""Known flaws of what is in an image, by advisories that the user gave (``--advisories``). Nothing is fetched."""
