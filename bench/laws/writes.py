"""How the cost of an INSERT grows with what is there already, and with the rows of its statement."""

import contextlib
import socket

from compare.legs import KalamLegs
from compare.slope import FALLING, FLAT
from laws.sizes import costs, law, request_us

COST = "us of processor time per INSERT"


def measure(context, seconds, full):
    generator = context.binary("kalam-bench")
    with context.kalam() as kalam:
        legs = KalamLegs(generator, kalam)
        yield _rows(kalam, legs, seconds, full)
        yield _users(kalam, legs, seconds, full)
        yield _batch(kalam, legs, seconds)
        yield _connections(kalam, legs, seconds, full)
    with context.kalam() as kalam:
        yield _tables(kalam, KalamLegs(generator, kalam), seconds, full)


def _rows(kalam, legs, seconds, full):
    sizes = (1_000, 10_000, 100_000, 1_000_000) if full else (1_000, 30_000, 500_000)
    for rows in sizes:
        legs.create(f"rows_{rows}")
        legs.load(f"rows_{rows}", rows)
    points = costs(sizes, lambda rows: request_us(legs, "insert1", f"rows_{rows}", seconds), kalam)
    return law("insert-rows", "INSERT by rows in the table", "rows of the user in the table", COST, FLAT, points)


def _users(kalam, legs, seconds, full):
    legs.create("by_users")
    sizes = (1, 100, 1_000, 10_000) if full else (1, 100, 10_000)
    points = costs(sizes, lambda users: request_us(legs, "insert1", "by_users", seconds, users=users), kalam)
    return law("insert-users", "INSERT by users", "users who insert in turn", COST, FLAT, points)


def _batch(kalam, legs, seconds):
    """A row's share of its statement."""
    legs.create("by_batch")

    def cost(batch):
        return request_us(legs, "insert1000", "by_batch", seconds, 8, batch=batch, users=8,
                          rows_per_user=batch) / batch

    return law("insert-batch", "INSERT by rows per statement", "rows per statement",
               "us of processor time per row", FALLING, costs((1, 10, 100, 1_000), cost, kalam))


def _connections(kalam, legs, seconds, full):
    legs.create("by_connections")

    def cost(idle):
        with _idle_connections(kalam.port, idle):
            return request_us(legs, "insert1", "by_connections", seconds)

    sizes = (1, 100, 1_000, 10_000) if full else (1, 100, 5_000)
    return law("insert-connections", "INSERT by idle connections", "idle connections", COST, FLAT,
               costs(sizes, cost, kalam))


@contextlib.contextmanager
def _idle_connections(port, count):
    """Connections that have asked once and stay."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                raise RuntimeError("an idle connection was not answered")
        yield


def _tables(kalam, legs, seconds, full):
    """Here passes cannot go backwards: tables only become more."""
    legs.create("one_of_many")
    points, made = [], 1
    for tables in (10, 100, 1_000, 10_000) if full else (10, 100, 2_000):
        while made < tables:
            some = range(made, min(made + 500, tables))
            kalam.sql(";".join(f"CREATE USER TABLE bench.t{i} {legs.TABLE}" for i in some))
            made = some.stop
        points += costs((tables,), lambda _: request_us(legs, "insert1", "one_of_many", seconds), kalam)
    return law("insert-tables", "INSERT by tables", "tables in the database", COST, FLAT, points)
