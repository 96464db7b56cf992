"""Private keys in the forms in which they lie in files: parsed, never guessed by a label."""
