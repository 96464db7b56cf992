"""Secrets in bytes: those that their own form gives away, and what only stands in place of one."""
