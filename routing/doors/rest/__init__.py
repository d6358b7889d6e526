"""Our own REST API, ``/api/v1/``.

``callers`` finds out whose key it is and what they see; ``base`` is what every resource shares:
scopes, limits, problems, entity tags; ``shapes`` is how things look. Each resource is a file that
reads the request, calls what the inbox calls, and answers.
"""
