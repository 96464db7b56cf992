"""The pieces of a Word document (ECMA-376, WordprocessingML) as strings, so that a long one is never held as a tree."""
