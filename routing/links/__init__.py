"""Long-lived sessions with providers, and collecting from those that bring nothing by themselves.

All of it runs in the links process (``manage.py links``). Each channel belongs to one process at a
time, by a lease in the database; its messages leave through the session it holds.
"""

from .house import House

__all__ = ["House"]
