"""Configuration by file: reads it, checks it, applies it, and writes it out again.

``reading`` turns YAML into entries that know their line and key; ``mistakes`` collects what is
wrong with them; ``people``, ``platforms``, ``channels`` and ``doors`` each check and save one kind
of object; ``applying`` is the whole story in one transaction; ``exporting`` is the way back.
"""

from .applying import Outcome, apply
from .exporting import export
from .mistakes import NotApplied

__all__ = ["NotApplied", "Outcome", "apply", "export"]
