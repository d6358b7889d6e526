"""Speaks to the outside world. No database, no queue, no settings."""
