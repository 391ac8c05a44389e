"""Goals 1, 2, 3, 4, 6 and 16: the hot path, beside PostgreSQL 15 and the limit probe.

Within a round every system has its turn, the others idle meanwhile. PostgreSQL has two: with pgbench, its own load
generator, and with pg-bench, which is like kalam-bench in everything but the protocol. The faster is the peer.
"""

import statistics
from dataclasses import dataclass
from typing import Callable, Optional

from compare.context import say
from compare.finding import Aim, Finding
from compare.legs import FIRST_ID, KalamLegs, LibpqLegs
from compare.pgbench import PgbenchLegs
from compare.systems import settle

HOT_ROWS = 1_000_000
INBOX = {"users": 1_000, "rows_per_user": 100}
BULK_CONNECTIONS = 8
DELETES_PER_SECOND = 100_000  # more than any system manages: rows must not run out in a leg


@dataclass
class Plan:
    """How long and with how many clients each leg runs."""
    seconds: float
    warmup: float
    connections: int
    users: int


@dataclass
class Goal:
    """An aim is the goal's absolute figure divided by PostgreSQL's, both measured once on one machine."""
    key: str
    work: str
    aim: Optional[float]
    prepare: Callable           # (legs): tables and rows, once; legs is {"kalam": ..., "libpq": ..., ...}
    legs: dict                  # system -> (legs, plan) -> figures
    figure: str = "rate"        # or "rows_rate"
    sync: str = "commit"        # KalamDB's storage.sync
    warm: bool = False          # reads: a leg of each before any is counted, so that caches hold what is read
    only_asked: bool = False    # not part of a run of all
    p99_aim_us: Optional[float] = None


# --- preparing

def _tables(name):
    def prepare(legs):
        legs["kalam"].create(name)
        legs["libpq"].create(name)
        legs["libpq"].create(f"{name}_pgbench")
    return prepare


def _bulk_tables(name):
    def prepare(legs):
        legs["kalam"].create(name)
        legs["libpq"].create(name)
        legs["pgbench"].create_bulk(f"{name}_pgbench")
    return prepare


def _hot_tables(name, *systems):
    """A million rows, all one user's: the largest partition, PostgreSQL's whole table."""
    def prepare(legs):
        legs["kalam"].create(name)
        legs["libpq"].create(name)
        for system in systems:
            legs[system].load(name, HOT_ROWS)
        legs["libpq"].tidy(name)
    return prepare


def _inbox(legs):
    rows = INBOX["users"] * INBOX["rows_per_user"]
    legs["kalam"].create("inbox")
    for system in ("kalam", "probe"):
        legs[system].load("inbox", rows, batch=INBOX["rows_per_user"], **INBOX)
    legs["libpq"].load_inbox("inbox", INBOX["users"], INBOX["rows_per_user"])


# --- legs

def _insert(workload, table, durable=True):
    """One row a statement; in KalamDB the rows go round the users."""
    def kalam(legs, plan):
        return legs.run(workload, table, plan.seconds, plan.warmup, plan.connections, users=plan.users)

    def libpq(legs, plan):
        return legs.run("insert1", table, plan.seconds, plan.warmup, plan.connections, durable)

    def pgbench(legs, plan):
        return legs.run("insert1", f"{table}_pgbench", plan.seconds, plan.warmup, plan.connections, durable)
    return {"kalam": kalam, "pgbench": pgbench, "libpq": libpq, "probe": kalam}


def _bulk(workload, table):
    def kalam(legs, plan):
        return legs.run(workload, table, plan.seconds, plan.warmup, BULK_CONNECTIONS, users=BULK_CONNECTIONS,
                        rows_per_user=1000)

    def libpq(legs, plan):
        return legs.run(workload, table, plan.seconds, plan.warmup, BULK_CONNECTIONS)

    def pgbench(legs, plan):
        return legs.run_bulk(f"{table}_pgbench", plan.seconds, plan.warmup, BULK_CONNECTIONS)
    return {"kalam": kalam, "pgbench": pgbench, "libpq": libpq}


def _by_key(workload, table):
    def kalam(legs, plan):
        return legs.run(workload, table, plan.seconds, plan.warmup, plan.connections, rows=HOT_ROWS)

    def pgbench(legs, plan):
        return legs.run(workload, table, plan.seconds, plan.warmup, plan.connections, first=FIRST_ID,
                        last=FIRST_ID + HOT_ROWS - 1)
    return {"kalam": kalam, "pgbench": pgbench, "libpq": kalam, "probe": kalam}


def _last50():
    def kalam(legs, plan):
        return legs.run("last50", "inbox", plan.seconds, plan.warmup, plan.connections, **INBOX)

    def pgbench(legs, plan):
        return legs.run("last50", "inbox", plan.seconds, plan.warmup, plan.connections, users=INBOX["users"])
    return {"kalam": kalam, "pgbench": pgbench, "libpq": kalam, "probe": kalam}


def _delete():
    """Of rows that were loaded just before: each finds its row, and finds it once."""
    def loaded(loader, plan):
        rows = int(plan.seconds * DELETES_PER_SECOND)
        return {"rows": rows, "first_id": loader.load("doomed", rows)}

    def kalam(legs, plan):
        return legs.run("delete1", "doomed", plan.seconds, 0, plan.connections, **loaded(legs, plan))
    return {"kalam": kalam, "libpq": kalam}


def _without(legs, *systems):
    return {system: leg for system, leg in legs.items() if system not in systems}


GOALS = [
    Goal("1", "INSERT 1 row, durable", 50 / 33.1, _tables("inserts"), _insert("insert1", "inserts"), p99_aim_us=3500),
    Goal("1p", "INSERT 1 row as $1..$5, durable", 50 / 33.1, _tables("inserts_p"),
         _insert("insert1_params", "inserts_p"), only_asked=True),
    Goal("3", "INSERT 1,000 rows as SQL text, durable", 550 / 507, _bulk_tables("bulk"), _bulk("insert1000", "bulk"),
         "rows_rate"),
    Goal("3p", "INSERT 1,000 rows as parameters, durable", 750 / 507, _bulk_tables("bulk_p"),
         _bulk("insert1000_params", "bulk_p"), "rows_rate"),
    Goal("4", "SELECT by key among 1M rows", 80 / 67.9,
         _hot_tables("messages", "kalam", "libpq", "probe"), _by_key("point_select", "messages"), warm=True),
    Goal("6", "a user's last 50 rows", 33 / 32.1, _inbox, _last50(), warm=True),
    Goal("16u", "UPDATE by key, durable", None,
         _hot_tables("edited", "kalam", "libpq"), _without(_by_key("update1", "edited"), "probe")),
    Goal("16d", "DELETE by key, durable", None, _tables("doomed"), _delete()),
    Goal("2", "INSERT 1 row, sync = interval", 80 / 63.5, _tables("async_inserts"),
         _insert("insert1", "async_inserts", durable=False), sync="interval"),
]
KEYS = [goal.key for goal in GOALS]


def measure(context, wanted):
    goals = [goal for goal in GOALS if goal.key in wanted]
    options = context.options
    plan = Plan(options.seconds, 0.5, options.connections, options.users)
    with context.postgres() as postgres:
        for sync in ("commit", "interval"):
            chosen = [goal for goal in goals if goal.sync == sync]
            if not chosen:
                continue
            with context.kalam(sync) as kalam, context.probe(sync) as probe:
                systems = {"kalam": kalam, "postgres": postgres, "probe": probe}
                legs = {"kalam": KalamLegs(context.binary("kalam-bench"), kalam),
                        "probe": KalamLegs(context.binary("kalam-bench"), probe),
                        "libpq": LibpqLegs(context.binary("pg-bench"), postgres),
                        "pgbench": PgbenchLegs(postgres, context.folder)}
                for goal in chosen:
                    goal.prepare(legs)
                    for system, leg in goal.legs.items() if goal.warm else ():
                        leg(legs[system], plan)
                    rounds = [_round(goal, legs, systems, plan, number) for number in range(context.rounds)]
                    yield from _findings(goal, rounds)


def _round(goal, legs, systems, plan, number):
    """Every second round goes backwards: who comes first must not always be the same."""
    figures = {}
    for system, leg in sorted(goal.legs.items(), reverse=number % 2 == 1):
        settle(*systems.values())
        figures[system] = leg(legs[system], plan)
    say(f"goal {goal.key}, round {number + 1}: " +
        ", ".join(f"{system} {found[goal.figure]:,.0f}/s" for system, found in figures.items()))
    return figures


def _findings(goal, rounds):
    def figures(system):
        return [found[system][goal.figure] for found in rounds]

    def median(system, name):
        return statistics.median(found[system][name] for found in rounds)

    theirs = [system for system in ("pgbench", "libpq") if system in goal.legs]
    best = max(theirs, key=lambda system: statistics.median(figures(system)))
    details = {system: {"rate": round(statistics.median(figures(system))),
                        **{name: round(median(system, name), 2) for name in
                           ("p50", "p99", "server_cores", "client_cores")}} for system in goal.legs}
    yield Finding(goal.key, goal.work, "rows/s" if goal.figure == "rows_rate" else "/s", figures("kalam"),
                  figures(best), f"PostgreSQL ({best})", figures("probe") if "probe" in goal.legs else None,
                  Aim(goal.aim) if goal.aim else None, p50=median("kalam", "p50"), p99=median("kalam", "p99"), details=details)
    if goal.p99_aim_us:
        yield Finding(goal.key, f"{goal.work}: p99", "us", [found["kalam"]["p99"] for found in rounds],
                      [found[best]["p99"] for found in rounds], f"PostgreSQL ({best})",
                      aim=Aim(goal.p99_aim_us, "value", more=False), more=False)
