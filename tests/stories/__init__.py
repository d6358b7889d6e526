"""Stories: the real processes, seen from outside, with a real server in the provider's place."""
