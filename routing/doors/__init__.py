"""Other systems' doors. Each reads a request in its own system's words, calls the functions that
the inbox calls, and answers in those words again.

``knocking`` finds out who is there and lets in; ``allowance`` counts how much and how often;
``yeastar_sms`` is the SMS provider of a PBX, ``ozeki`` and ``gateway`` what old scripts call.
"""
