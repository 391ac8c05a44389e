"""Overload: what one user's analytic queries do to another's point reads, and how soon too much is refused.

The peer of both is the same server when it is quiet.
"""

import threading
import time

from compare.client import Client, quantile
from compare.context import say
from compare.finding import Aim, Finding
from compare.legs import KalamLegs
from compare.systems import settle
from goals.cold import COLUMNS, QUERIES, fill

KEYS = ["fair"]
ANALYST = "analyst"
LARGE_ROWS = 1_000_000
READ_ROWS = 100_000
READERS = 4            # few: it is the wait behind others that is measured, not a full machine
WAITING = 8            # places of the small server's queue
CROWD = 48             # connections that ask for more than it has places for


def measure(context, _):
    yield _beside_analytics(context)
    yield from _refusals(context)


class Analytics:
    """While the block runs, `clients` connections of one user ask for aggregates, one after the other."""

    def __init__(self, port, clients=1):
        self._port = port
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(clients)]
        self.answered = 0

    def _ask(self):
        client = Client(self._port, ANALYST)
        while not self._over.is_set():
            client.sql(QUERIES["text search"].format("app.large"))
            self.answered += 1

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()


def _make_large(kalam, rows):
    admin = Client(kalam.port)
    admin.sql(f"CREATE NAMESPACE app; CREATE USER TABLE app.large {COLUMNS} "
              "FLUSH ROW_THRESHOLD 999999 INTERVAL 86399s")
    fill(kalam, Client(kalam.port, ANALYST), rows, "app.large")


def _beside_analytics(context):
    quiet, busy = [], []
    with context.kalam() as kalam:
        _make_large(kalam, LARGE_ROWS)
        legs = KalamLegs(context.binary("kalam-bench"), kalam)
        legs.create("messages")
        legs.load("messages", READ_ROWS)

        def p99():
            settle(kalam)
            return legs.run("point_select", "messages", context.options.seconds, 0.5, READERS, rows=READ_ROWS)["p99"]

        for number in range(context.rounds):
            quiet.append(p99())
            with Analytics(kalam.port) as analytics:
                busy.append(legs.run("point_select", "messages", context.options.seconds, 0.5, READERS,
                                     rows=READ_ROWS)["p99"])
            say(f"fairness, round {number + 1}: p99 of a point read {quiet[-1]:.0f} us quiet, {busy[-1]:.0f} us beside "
                f"{analytics.answered} aggregates")
    return Finding("fair", "p99 of point reads while another user aggregates 1M rows", "us", busy, quiet, "quiet",
                   aim=Aim(3, more=False), more=False)


def _refusals(context):
    """A server with few places, and more queries than it has: those beyond are refused, and at once."""
    settings = {"LIMITS_MAX_WAITING_STATEMENTS": WAITING, "LIMITS_MAX_WAITING_STATEMENTS_PER_USER": WAITING}
    with context.kalam(**settings) as kalam:
        _make_large(kalam, LARGE_ROWS // 2)
        outcomes = _crowd(kalam.port, context.options.seconds)
    refused = [took for status, took, retry in outcomes if status == 503]
    wrong = [status for status, _, retry in outcomes if status not in (200, 503) or (status == 503 and not retry)]
    if wrong or not refused:
        raise RuntimeError(f"{len(refused)} refused, {len(wrong)} neither answered nor told to come back: {wrong[:5]}")
    say(f"overload: {len(refused)} of {len(outcomes)} refused, p50 {quantile(refused, 0.5):.2f} ms, "
        f"p99 {quantile(refused, 0.99):.2f} ms")
    yield Finding("fair", f"503 with Retry-After beyond the limit, p99 of {CROWD} askers", "ms",
                  [quantile(refused, 0.99)], aim=Aim(50, "value", more=False), more=False,
                  p50=1000 * quantile(refused, 0.5), p99=1000 * quantile(refused, 0.99),
                  details={"refused": len(refused), "asked": len(outcomes)})


def _crowd(port, seconds):
    """(status, milliseconds, has Retry-After) of every answer that CROWD connections get. Who is refused waits a bit."""
    outcomes, over = [], time.monotonic() + seconds

    def ask():
        client = Client(port, ANALYST)
        while time.monotonic() < over:
            begin = time.perf_counter()
            status, headers, _ = client.post(QUERIES["text search"].format("app.large"))
            outcomes.append((status, (time.perf_counter() - begin) * 1000, "Retry-After" in headers))
            if status == 503:
                time.sleep(0.1)

    threads = [threading.Thread(target=ask) for _ in range(CROWD)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
