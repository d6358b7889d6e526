"""smpp34's SMSC on loopback, which takes every message at once. Prints its port."""

from __future__ import annotations

import asyncio

import smpp34

from .ports import free_port


async def serve() -> None:
    port, number = free_port(), 0
    server = smpp34.Server("127.0.0.1", port, inbound_capacity=1000)
    await server.start()
    print(port, flush=True)
    while True:
        event = await server.next()
        if isinstance(event, smpp34.SubmitSmEvent):
            number += 1
            event.accept(f"{number:x}")


if __name__ == "__main__":
    asyncio.run(serve())
