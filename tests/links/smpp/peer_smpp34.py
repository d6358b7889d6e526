"""smpp34's SMSC as a program: an independent peer for our session.

Prints its port. What it does with a message, the message says: "throttle" is throttled, "silent"
gets no answer, anything else is taken, and a receipt follows. Each line on its standard input is
the JSON of a deliver_sm: source, destination, text (hexadecimal), and what else it has.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from typing import Any

import smpp34


async def serve(port: int) -> None:
    server = smpp34.Server("127.0.0.1", port, system_id="SMPP34")
    await server.start()
    print(port, flush=True)
    kept: list[Any] = []
    bound: list[Any] = []
    listening = asyncio.create_task(listen(bound))
    number = 0
    while True:
        event = await server.next()
        if isinstance(event, smpp34.Esme):
            bound.append(event)
            continue
        if isinstance(event, smpp34.Unbound):
            print("unbound", flush=True)
            continue
        text = event.short_message
        if text == b"throttle":
            event.reject(smpp34.ESME_RTHROTTLED)
        elif text.startswith(b"silent"):
            kept.append(event)
            print("kept", flush=True)
        else:
            number += 1
            event.accept(f"{number:08X}")
            if event.registered_delivery:
                receipt = f"id:{number:010d} sub:001 dlvrd:001 stat:DELIVRD err:000 text:"
                telling = asyncio.ensure_future(
                    bound[-1].deliver_sm(
                        event.source_addr,
                        receipt.encode(),
                        source_addr=event.destination_addr,
                        esm_class=4,
                    )
                )
                kept.append(telling)
            print(f"{event.esm_class} {event.data_coding} {text.hex()}", flush=True)
    await listening


async def listen(bound: list[Any]) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        told = json.loads(line)
        text, to = bytes.fromhex(told.pop("text")), told.pop("destination")
        answer = await bound[-1].deliver_sm(to, text, **told)
        print(f"answer {answer.command_status}", flush=True)
    os._exit(0)  # the interpreter may abort if a Rust session is still alive


if __name__ == "__main__":
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    asyncio.run(serve(free))
