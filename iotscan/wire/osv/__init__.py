"""Advisories in the Open Source Vulnerability format (OSV): what they say of a version, and how grave it is."""
