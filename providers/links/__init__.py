"""Long-lived sessions with providers. They run in the links process only."""
