"""Goals 5, 7, 8 and 9: rows in Parquet, beside bare DuckDB on the same files.

The goals name 10M rows in 100 files (`--cold-rows 10000000`); a run of all takes fewer, in files as large.
"""

import multiprocessing
import os
import random
import statistics
import subprocess

from compare.client import Client, quantile
from compare.context import say
from compare.finding import Aim, Finding
from compare.systems import settle

KEYS = ["5", "7", "8", "9"]
ROWS_PER_FILE = 100_000
REPEAT = 7
SETTINGS = {"COMPACTION_MIN_FILES": 1000, "LOGGING_LEVEL": "warn", "STORAGE_LOG_MAX_BYTES": 256 << 20}
COLUMNS = "(id BIGINT PRIMARY KEY, room TEXT, sender TEXT, body TEXT, ts TIMESTAMP)"
ROW = ("SELECT i AS id, 'room-' || (hash(i) % 1000)::VARCHAR AS room, 'sender-' || (i % 5000)::VARCHAR AS sender, "
       "md5(i::VARCHAR) || md5((i + 1)::VARCHAR) || md5((i + 2)::VARCHAR) || md5((i + 3)::VARCHAR) || 'abcdefghijkl' "
       "AS body, TIMESTAMP '2026-01-01' + to_seconds(i::BIGINT) AS ts FROM range({0}, {1}) r(i)")
QUERIES = {
    "count and max": "SELECT count(*), max(ts) FROM {0}",
    "group by room": "SELECT room, count(*), max(id) FROM {0} GROUP BY room",
    "filter and sum": "SELECT sum(id) FROM {0} WHERE sender = 'sender-42'",
    "text search": "SELECT count(*) FROM {0} WHERE body LIKE '%abc1%'",
}


def measure(context, wanted):
    rows = context.options.cold_rows
    with context.kalam(**SETTINGS) as kalam:
        client = Client(kalam.port)
        client.sql(f"CREATE NAMESPACE app; CREATE USER TABLE app.messages {COLUMNS} "
                   "FLUSH ROW_THRESHOLD 999999 INTERVAL 86399s")
        rates = fill(kalam, client, rows)
        _check(client, rows)
        glob = f"read_parquet('{kalam.data}/storage/**/*.parquet')"
        if "9" in wanted:
            yield from _flushed(kalam, rates, rows)
        if "7" in wanted:
            for name, query in QUERIES.items():
                yield _aggregate(context, client, name, query, glob, rows)
        if "5" in wanted:
            yield from _point_reads(context, client, glob, rows)
        if "8" in wanted:
            yield from _with_hot_rows(context, client, glob, rows)
        if "9" in wanted:
            yield from _foreground(context, kalam, client, rows)


def fill(kalam, client, rows, table="app.messages", first=0):
    """Rows into files of ROWS_PER_FILE; the rates of the flushes."""
    rates = []
    for start in range(first, first + rows, ROWS_PER_FILE):
        client.sql(f"INSERT INTO {table} " + ROW.format(start, min(start + ROWS_PER_FILE, first + rows)))
        done = kalam.flush(table)
        rates.append(done["records_flushed"] / max(done["duration_ms"], 1) * 1000)
    return rates


def duck(context, queries, repeat=REPEAT):
    """Bare DuckDB's median milliseconds for each query."""
    done = subprocess.run([context.binary("duck-probe"), str(repeat), *queries], check=True, text=True,
                          capture_output=True)
    return [float(line) for line in done.stdout.split()]


def _check(client, rows):
    """A quick answer that is wrong is worth nothing."""
    found = client.rows("SELECT sum(id) AS ids, count(DISTINCT id) AS n, sum(length(body)) AS bytes "
                        "FROM app.messages")[0]
    if found != {"ids": rows * (rows - 1) // 2, "n": rows, "bytes": rows * 140}:
        raise RuntimeError(found)


def _flushed(kalam, rates, rows):
    storage = os.path.join(kalam.data, "storage")
    size = sum(os.path.getsize(os.path.join(path, name)) for path, _, names in os.walk(storage) for name in names)
    say(f"goal 9: {statistics.median(rates):,.0f} rows/s, {size / rows:.1f} B a row")
    yield Finding("9", f"flush of {ROWS_PER_FILE:,} rows to synced Parquet", "rows/s", rates,
                  aim=Aim(500_000, "value"))
    yield Finding("9", "size of a row of 200 B in Parquet", "B", [size / rows], more=False,
                  aim=Aim(50, "value", more=False))


def _turns(context, client, query, glob):
    """(our medians, bare DuckDB's), in milliseconds, one of each per round."""
    ours, bare = [], []
    for _ in range(context.rounds):
        ours.append(statistics.median(client.millis(query.format("app.messages")) for _ in range(REPEAT)))
        bare.append(duck(context, [query.format(glob)])[0])
    return ours, bare


def _aggregate(context, client, name, query, glob, rows):
    ours, bare = _turns(context, client, query, glob)
    say(f"goal 7, {name}: {statistics.median(ours):.1f} ms, DuckDB {statistics.median(bare):.1f} ms")
    # The goal allows 2 ms beside the ratio.
    return Finding("7", f"{name} over {rows:,} cold rows, less 2 ms", "ms", [max(took - 2, 0.1) for took in ours],
                   bare, "DuckDB", aim=Aim(1.15, more=False), more=False)


def _point_reads(context, client, glob, rows):
    """Rows at random, for the first time (their files are in the page cache), and the same ones again."""
    random.seed(1)

    def reads(ids):
        return [client.millis(f"SELECT * FROM app.messages WHERE id = {i}") for i in ids]

    reads(random.sample(range(rows), 100))
    first, again = [], []
    for _ in range(context.rounds):
        ids = random.sample(range(rows), 100)
        first.append(reads(ids))
        again.append(reads(ids))
    bare = duck(context, [f"SELECT * FROM {glob} WHERE id = {rows // 3}"], repeat=5)[0]
    for name, taken in (("for the first time", first), ("again", again)):
        medians = [quantile(times, 0.5) for times in taken]
        say(f"goal 5, {name}: {statistics.median(medians):.2f} ms, DuckDB {bare:.1f} ms")
        yield Finding("5", f"SELECT by key of a cold row, {name}: p50", "ms", medians, [bare] * len(medians), "DuckDB",
                      aim=Aim(1, "value", more=False), more=False, p50=1000 * statistics.median(medians),
                      p99=1000 * statistics.median(quantile(times, 0.99) for times in taken))


def _with_hot_rows(context, client, glob, rows):
    """Half of the hot rows are new, half are new versions of cold ones; what is true is counted before it is timed."""
    hot = rows // 100
    client.sql(f"UPDATE app.messages SET sender = 'changed' WHERE id % 200 = 0 AND id < {rows}")
    client.sql("INSERT INTO app.messages " + ROW.format(3 * rows, 3 * rows + hot // 2))
    found = client.rows("SELECT count(*) AS n, count(DISTINCT id) AS ids, "
                        "count(*) FILTER (WHERE sender = 'changed') AS changed FROM app.messages")[0]
    if found != {"n": rows + hot // 2, "ids": rows + hot // 2, "changed": rows // 200}:
        raise RuntimeError(f"hot and cold rows together: {found}")
    for name, query in QUERIES.items():
        ours, bare = _turns(context, client, query, glob)
        say(f"goal 8, {name}: {statistics.median(ours):.1f} ms, DuckDB {statistics.median(bare):.1f} ms")
        yield Finding("8", f"{name}, with {hot:,} hot rows merged", "ms", ours, bare, "DuckDB, cold only",
                      aim=Aim(2, more=False), more=False)


def _foreground(context, kalam, client, rows):
    """INSERTs into another table while many rows are flushed, beside the same without."""
    flushed = 500_000
    client.sql(f"CREATE USER TABLE app.other {COLUMNS}")
    kalam.flush("app.messages")
    ratios, busy_p99, grown = [], [], []
    for number in range(context.rounds):
        settle(kalam)
        first = (10 + number) * rows
        quiet = Inserts(kalam.port, first, 2_000).latencies()
        for start in range(0, flushed, ROWS_PER_FILE):
            client.sql("INSERT INTO app.messages " + ROW.format(first + start, first + start + ROWS_PER_FILE))
        before = kalam.memory_bytes()
        kalam.reset_peak_memory()
        inserts = Inserts(kalam.port, first + 1_000_000_000)
        kalam.flush("app.messages", pause=0.02)
        busy = inserts.latencies()
        busy_p99.append(quantile(busy, 0.99))
        ratios.append(quantile(quiet, 0.99))
        grown.append((kalam.memory_bytes("VmHWM") - before) / 1e6)
        say(f"goal 9, round {number + 1}: INSERT p99 {busy_p99[-1]:.2f} ms during a flush, {ratios[-1]:.2f} before")
    yield Finding("9", f"INSERT p99 while {flushed:,} rows are flushed", "ms", busy_p99, ratios, "before it",
                  aim=Aim(2, more=False), more=False)
    yield Finding("9", "memory that this flush takes at its height", "MB", grown, aim=Aim(256, "value", more=False),
                  more=False)


class Inserts:
    """Single durable INSERTs of one client, timed in a process of their own: in a thread beside the one that waits for
    the flush, each would also wait for Python's lock."""

    _processes = multiprocessing.get_context("fork")

    def __init__(self, port, first_id, count=None):
        """`count`: how many; else until `latencies` is called."""
        self._counted = count is not None
        self._over = self._processes.Event()
        self._answer, sender = self._processes.Pipe(duplex=False)
        self._process = self._processes.Process(target=self._run, args=(port, first_id, count, sender))
        self._process.start()
        sender.close()  # else a process that died would be waited for

    def latencies(self):
        """Milliseconds."""
        if not self._counted:
            self._over.set()
        times = self._answer.recv()
        self._process.join()
        return times

    def _run(self, port, first_id, count, sender):
        client = Client(port)
        times = []
        while len(times) != count and not self._over.is_set():
            times.append(client.millis(f"INSERT INTO app.other VALUES ({first_id + len(times)}, 'r', 's', 'b', NOW())"))
        sender.send(times)
