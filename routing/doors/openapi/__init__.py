"""Yeastar's Open API, ``/openapi/v1.0/``: software written for a PBX finds it here.

``view`` finds out who calls what; ``tokens`` lets in; ``words`` has the codes, ``reading`` reads
what was sent; the rest is a module for each group of the interface. ``socket`` is the WebSocket.
"""
