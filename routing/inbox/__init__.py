"""The agents' door: pages, fragments and what their buttons do."""
