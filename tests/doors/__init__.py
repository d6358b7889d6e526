"""Other systems at their doors: real processes, seen from outside."""
