"""The providers' door: finds the channel by its secret address, lets its adapter read the request,
stores what it says, and answers only then.
"""

from .doors import asgi, view
from .replay import replay
from .visits import Visit, receive, visit

__all__ = ["Visit", "asgi", "receive", "replay", "view", "visit"]
