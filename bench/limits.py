"""What the database and Redis do by themselves: the limits that figures stand beside."""

from __future__ import annotations

import subprocess
import time

import psycopg

from .cluster import program
from .rig import Rig

COPY = """
DROP TABLE IF EXISTS bench_message;
CREATE TABLE bench_message (LIKE routing_message INCLUDING ALL);
"""
INSERT = """
INSERT INTO bench_message (session_id, channel_id, direction, status, reason, sender, recipient,
  text, event, has_files, segments, provider_id, reference, client_key, lane, attempts, created_at)
VALUES (1, 1, 'in', 'received', '', '+41782000001', '+41791000001',
  'Message, is anybody there?', '', false, 0, gen_random_uuid()::text, '', '', 0, 0, now());
"""


def inserts(rig: Rig, clients: int = 16) -> float:
    """Single-row inserts a second by pgbench, into a copy of the message table and its indexes."""
    with psycopg.connect(rig.dsn) as connection:
        connection.execute(COPY.encode())
    script = rig.folder / "insert.sql"
    script.write_text(" ".join(INSERT.split()) + "\n")
    seconds = "2" if rig.quick else "10"
    options = ["-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", seconds]
    done = subprocess.run(
        [program("pgbench"), *options, "-f", str(script), rig.dsn],
        check=True,
        capture_output=True,
        text=True,
    )
    line = next(each for each in done.stdout.splitlines() if each.startswith("tps = "))
    return float(line.split()[2])


def bare_events(rig: Rig, count: int) -> list[float]:
    """Milliseconds from before a durable insert until a subscriber of Redis has a line about it."""
    took = []
    with psycopg.connect(rig.dsn, autocommit=True) as connection, rig.redis.pubsub() as listener:
        connection.execute(COPY.encode())
        listener.subscribe("bench")
        listener.get_message(timeout=5)
        publisher = rig.redis
        for _ in range(count):
            began = time.perf_counter()
            connection.execute(INSERT.encode())
            publisher.publish("bench", '1 {"session":1,"message":1,"to":["extension:1"]}')
            while listener.get_message(timeout=5) is None:
                pass
            took.append((time.perf_counter() - began) * 1000)
            time.sleep(0.005)
    return took
