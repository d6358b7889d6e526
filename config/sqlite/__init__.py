"""SQLite as the embedded database, with one fair lock for writers."""
