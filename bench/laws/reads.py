"""How reads grow with rows in the hot store and with files in the cold one."""

import random

from compare.client import Client
from compare.legs import KalamLegs
from compare.slope import FLAT, SUBLINEAR
from goals.cold import COLUMNS, ROW, SETTINGS
from laws.sizes import costs, law, request_us

ROWS_PER_FILE = 5_000
READS = 200


def measure(context, seconds, full):
    with context.kalam() as kalam:
        yield _hot_rows(kalam, KalamLegs(context.binary("kalam-bench"), kalam), seconds, full)
    # Nothing of the files stays in memory: how much of them fits is not what is asked.
    with context.kalam(**SETTINGS, STORAGE_SEGMENT_ROWS_CACHE_SIZE=0) as kalam:
        yield from _cold_files(kalam, full)


def _hot_rows(kalam, legs, seconds, full):
    sizes = (1_000, 10_000, 100_000, 1_000_000) if full else (1_000, 30_000, 500_000)
    for rows in sizes:
        legs.create(f"rows_{rows}")
        legs.load(f"rows_{rows}", rows)
        request_us(legs, "point_select", f"rows_{rows}", seconds, rows=rows)  # so that the cache holds what is read
    points = costs(sizes, lambda rows: request_us(legs, "point_select", f"rows_{rows}", seconds, rows=rows), kalam)
    return law("read-rows", "SELECT by key, by rows", "rows of the user in the table",
               "us of processor time per read", FLAT, points)


def _cold_files(kalam, full):
    client = Client(kalam.port)
    client.sql("CREATE NAMESPACE app")
    sizes = (1, 10, 50, 200) if full else (1, 10, 50)
    for files in sizes:
        client.sql(f"CREATE USER TABLE app.files_{files} {COLUMNS} FLUSH INTERVAL 86399s")
        for number in range(files):
            first = number * ROWS_PER_FILE
            client.sql(f"INSERT INTO app.files_{files} " + ROW.format(first, first + ROWS_PER_FILE))
            kalam.flush(f"app.files_{files}")

    def each(statement, rows_expected):
        """Milliseconds of processor time per statement; statement(files) makes one."""
        def cost(files):
            for timed in (False, True):
                begin = kalam.cpu_seconds()
                for _ in range(READS):
                    found = client.rows(statement(files))
                    if len(found) != rows_expected:
                        raise RuntimeError(f"{statement(files)}: {found}")
                if timed:
                    return (kalam.cpu_seconds() - begin) * 1000 / READS
        return cost

    def by_key(files):
        return f"SELECT * FROM app.files_{files} WHERE id = {random.randrange(files * ROWS_PER_FILE)}"

    def nothing(files):
        return f"SELECT room, ts FROM app.files_{files} WHERE id > {10 ** 9 + random.randrange(10 ** 6)}"

    yield law("read-files", "SELECT by key, by cold files", "Parquet files", "ms of processor time per read", FLAT,
              costs(sizes, each(by_key, 1), kalam))
    # Every file is ruled out by its statistics: what is left is the planning.
    yield law("plan-files", "planning by cold files", "Parquet files", "ms of processor time per query", SUBLINEAR,
              costs(sizes, each(nothing, 0), kalam))
