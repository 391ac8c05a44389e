"""What is compared, and how far ahead we want to be.

Each goal names two legs: a function that runs KalamDB's, one that runs PostgreSQL's. `target` is the
ratio we aim at: the goal's absolute figure divided by PostgreSQL's figure, both measured once on one
machine. None: no goal against PostgreSQL, the ratio is for orientation.
"""

from dataclasses import dataclass
from typing import Callable, Optional

from compare.legs import FIRST_ID

HOT_ROWS = 1_000_000
INBOX_USERS = 1_000
INBOX_ROWS = 100
BULK_CONNECTIONS = 8
QUICK = ("1", "2", "3", "3p", "4", "6", "16u", "16d")  # what --quick measures
DELETES_PER_SECOND = 100_000  # more than either system manages: rows must not run out in a leg


@dataclass
class Plan:
    """How long and with how many clients each leg runs."""
    seconds: float
    warmup: float
    rounds: int
    connections: int
    users: int


@dataclass
class Goal:
    key: str
    title: str
    peer: str
    target: Optional[float]
    figure: str  # which figure is compared: "rate" or "rows_rate"
    sync: str    # KalamDB's storage.sync
    prepare: Callable  # (kalam legs, postgres legs, plan): tables and rows, once
    kalam: Callable    # (kalam legs, plan) -> figures
    postgres: Callable  # (postgres legs, plan) -> figures


def _tables(name):
    def prepare(kalam, postgres, plan):
        if kalam:
            kalam.create(name)
        if postgres:
            postgres.create(name)
    return prepare


def _bulk_tables(name):
    def prepare(kalam, postgres, plan):
        if kalam:
            kalam.create(name)
        if postgres:
            postgres.create_bulk(name)
    return prepare


def _hot_tables(name):
    """A million rows, all one user's: the largest partition, PostgreSQL's whole table."""
    def prepare(kalam, postgres, plan):
        if kalam:
            kalam.create(name)
            kalam.load(name, HOT_ROWS)
        if postgres:
            postgres.create(name)
            postgres.load(name, HOT_ROWS)
    return prepare


def _inbox(kalam, postgres, plan):
    if kalam:
        kalam.create("inbox")
        kalam.load("inbox", INBOX_USERS * INBOX_ROWS, users=INBOX_USERS, rows_per_user=INBOX_ROWS,
                   batch=INBOX_ROWS)
    if postgres:
        postgres.create_inbox("inbox", INBOX_USERS, INBOX_ROWS)


def _kalam_insert(workload, table):
    return lambda legs, plan: legs.run(workload, table, plan.seconds, plan.warmup, plan.connections,
                                       users=plan.users)


def _kalam_bulk(workload, table):
    return lambda legs, plan: legs.run(workload, table, plan.seconds, plan.warmup, BULK_CONNECTIONS,
                                       users=BULK_CONNECTIONS, rows_per_user=1000)


def _kalam_by_key(workload, table):
    return lambda legs, plan: legs.run(workload, table, plan.seconds, plan.warmup, plan.connections,
                                       rows=HOT_ROWS)


def _kalam_delete(legs, plan):
    rows = int(plan.seconds * DELETES_PER_SECOND)
    first = legs.load("doomed", rows)
    return legs.run("delete1", "doomed", plan.seconds, 0, plan.connections, rows=rows, first_id=first)


def _postgres_insert(table, durable):
    return lambda legs, plan: legs.run("insert1", table, plan.seconds, plan.warmup, plan.connections,
                                       durable)


def _postgres_by_key(workload, table):
    return lambda legs, plan: legs.run(workload, table, plan.seconds, plan.warmup, plan.connections,
                                       first=FIRST_ID, last=FIRST_ID + HOT_ROWS - 1)


def _postgres_delete(legs, plan):
    rows = int(plan.seconds * DELETES_PER_SECOND)
    first = legs.load("doomed", rows)
    before = legs.count("doomed")
    figures = legs.run("delete1", "doomed", plan.seconds, 0, plan.connections, first=first)
    if before - legs.count("doomed") != figures["transactions"]:
        raise RuntimeError("delete1: rows ran out, some statements deleted nothing")
    return figures


GOALS = [
    Goal("1", "INSERT 1 row, durable", "prepared INSERT, synchronous_commit on", 50 / 33.1, "rate", "commit",
         _tables("inserts"), _kalam_insert("insert1", "inserts"), _postgres_insert("inserts", True)),
    Goal("1p", "INSERT 1 row as $1..$5, durable", "prepared INSERT, synchronous_commit on", 50 / 33.1, "rate",
         "commit", _tables("inserts_p"), _kalam_insert("insert1_params", "inserts_p"),
         _postgres_insert("inserts_p", True)),
    Goal("3", "INSERT 1,000 rows as SQL text, durable", "multi-row INSERT text", 550 / 507, "rows_rate",
         "commit", _bulk_tables("bulk"), _kalam_bulk("insert1000", "bulk"),
         lambda legs, plan: legs.run_bulk("bulk", plan.seconds, plan.warmup, BULK_CONNECTIONS)),
    Goal("3p", "INSERT 1,000 rows as parameters, durable", "multi-row INSERT text", 750 / 507, "rows_rate",
         "commit", _bulk_tables("bulk_p"), _kalam_bulk("insert1000_params", "bulk_p"),
         lambda legs, plan: legs.run_bulk("bulk_p", plan.seconds, plan.warmup, BULK_CONNECTIONS)),
    Goal("4", "SELECT by key among 1M rows", "prepared SELECT", 80 / 67.9, "rate", "commit",
         _hot_tables("messages"), _kalam_by_key("point_select", "messages"),
         _postgres_by_key("point_select", "messages")),
    Goal("6", "a user's last 50 rows", "prepared SELECT", 33 / 32.1, "rate", "commit", _inbox,
         lambda legs, plan: legs.run("last50", "inbox", plan.seconds, plan.warmup, plan.connections,
                                     users=INBOX_USERS, rows_per_user=INBOX_ROWS),
         lambda legs, plan: legs.run("last50", "inbox", plan.seconds, plan.warmup, plan.connections,
                                     users=INBOX_USERS)),
    Goal("16u", "UPDATE by key, durable", "prepared UPDATE", None, "rate", "commit", _hot_tables("edited"),
         _kalam_by_key("update1", "edited"), _postgres_by_key("update1", "edited")),
    Goal("16d", "DELETE by key, durable", "prepared DELETE", None, "rate", "commit", _tables("doomed"),
         _kalam_delete, _postgres_delete),
    Goal("2", "INSERT 1 row, sync = interval", "prepared INSERT, synchronous_commit off", 80 / 63.5, "rate",
         "interval", _tables("async_inserts"), _kalam_insert("insert1", "async_inserts"),
         _postgres_insert("async_inserts", False)),
]
