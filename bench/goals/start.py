"""Goal 14: how soon a server with 1M hot rows answers, after a stop and after kill -9, beside PostgreSQL 15."""

import time

from compare.client import Client
from compare.context import say
from compare.finding import Aim, Finding
from compare.legs import FIRST_ID, KalamLegs, LibpqLegs

KEYS = ["14"]
ROWS = 1_000_000
USER = "bench-000000"  # whose rows kalam-bench loads when there is one user
# Beyond these a memtable is written out and its log is done with: kills come at differing lengths of log.
MORE_ROWS = (150_000, 100_000, 50_000, 120_000, 80_000)


def measure(context, _):
    stopped, killed, theirs, theirs_killed = [], [], [], []
    with context.kalam() as kalam, context.postgres() as postgres:
        ours = KalamLegs(context.binary("kalam-bench"), kalam)
        other = LibpqLegs(context.binary("pg-bench"), postgres)
        for system in (ours, other):
            system.create("messages")
            system.load("messages", ROWS)
        rows = ROWS
        for number in range(context.rounds):
            stopped.append(_restart(kalam, kalam.stop, rows))
            theirs.append(_restart_postgres(postgres, "fast"))
            more = MORE_ROWS[number % len(MORE_ROWS)]
            for system in (ours, other):
                system.load("messages", more)
            rows += more
            killed.append(_restart(kalam, kalam.kill, rows))
            theirs_killed.append(_restart_postgres(postgres, "immediate"))
            say(f"goal 14, round {number + 1}: {stopped[-1]:.0f} ms after a stop, {killed[-1]:.0f} ms after kill -9; "
                f"PostgreSQL {theirs[-1]:.0f} and {theirs_killed[-1]:.0f} ms")
    yield Finding("14", "start with 1M hot rows, to the first row read", "ms", stopped, theirs, "PostgreSQL",
                  aim=Aim(60, "value", more=False), more=False)
    yield Finding("14", "the same after kill -9", "ms", killed, theirs_killed, "PostgreSQL",
                  aim=Aim(400, "value", more=False), more=False)


def _restart(kalam, end, rows):
    """Milliseconds from the start of the process until its last row was read."""
    end()
    begin = time.perf_counter()
    kalam.start()
    client = Client(kalam.port, USER)
    last = FIRST_ID + rows - 1
    found = client.rows(f"SELECT id FROM bench.messages WHERE id = {last}")
    took = (time.perf_counter() - begin) * 1000
    if found != [{"id": last}]:
        raise RuntimeError(f"the last acknowledged row is gone: {found}")
    return took


def _restart_postgres(postgres, mode):
    postgres.stop(mode)
    begin = time.perf_counter()
    postgres.start_again()
    return (time.perf_counter() - begin) * 1000
