"""One leg: one system doing one kind of work for some seconds. Both kinds return the same figures.

A figure is a dict: rate (requests/s), rows_rate (rows/s), p50, p99 (microseconds), server_cores and
client_cores (processor seconds used per second of the leg), or `error` alone.
"""

import glob
import json
import os
import resource
import subprocess
import time

BODY = "0123456789-" + "The quick brown fox jumps over the lazy dog. " * 3
BODY = BODY[:140]
REST = "room text NOT NULL, sender text NOT NULL, body text NOT NULL, ts timestamptz NOT NULL"
FIRST_ID = 1_000_000_000  # kalam-bench's ids have ten digits


class _Cores:
    """Processor seconds per second that server and client use while the block runs."""

    def __init__(self, system):
        self._system = system

    def __enter__(self):
        self._begin = time.monotonic()
        self._server = self._system.cpu_seconds()
        self._client = self._children()
        return self

    def __exit__(self, *_):
        elapsed = time.monotonic() - self._begin
        self.server = (self._system.cpu_seconds() - self._server) / elapsed
        self.client = (self._children() - self._client) / elapsed

    @staticmethod
    def _children():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime


class KalamLegs:
    """Runs kalam-bench. Remembers which ids are used, so that every leg inserts new ones."""

    TABLE = ("(id BIGINT PRIMARY KEY, room TEXT NOT NULL, sender TEXT NOT NULL, body TEXT NOT NULL, "
             "ts TIMESTAMP NOT NULL)")

    def __init__(self, generator, server):
        self._generator = generator
        self._server = server
        self._next_id = {}

    def create(self, table):
        self._server.sql("CREATE NAMESPACE IF NOT EXISTS bench")
        self._server.sql(f"CREATE USER TABLE bench.{table} {self.TABLE}")

    def load(self, table, rows, **options):
        """Loads rows after those already there; returns the first one's id."""
        first = self._next_id.get(table, FIRST_ID)
        answer = self._generate("load", table, rows=rows, first_id=first, connections=4, **options)
        self._next_id[table] = answer["next_id"]
        return first

    def run(self, workload, table, seconds, warmup, connections, **options):
        inserts = workload.startswith("insert")
        if inserts:
            options["first_id"] = self._next_id.get(table, FIRST_ID)
        with _Cores(self._server) as cores:
            answer = self._generate(workload, table, seconds=seconds, warmup=warmup,
                                    connections=connections, **options)
        if inserts:
            # A round number of statements on, past ids that were handed out but never sent.
            self._next_id[table] = (answer["next_id"] // 1_000_000 + 1) * 1_000_000
        return {"rate": answer["requests_per_s"], "rows_rate": answer["rows_per_s"],
                "p50": answer["latency_us"]["p50"], "p99": answer["latency_us"]["p99"],
                "server_cores": cores.server, "client_cores": cores.client}

    def _generate(self, workload, table, **options):
        command = [self._generator, workload, "--port", str(self._server.port), "--table", f"bench.{table}"]
        for name, value in options.items():
            command += ["--" + name.replace("_", "-"), str(value)]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip()[-1000:])
        return json.loads(done.stdout)


class PostgresLegs:
    """Runs pgbench: prepared statements for single rows, simple text for statements of many rows."""

    SCRIPTS = {
        "insert1": """\\set n :n + 1
\\set id :first + :n * :clients + :client_id
INSERT INTO {table} (id, room, sender, body, ts) VALUES (:id, :room, :sender, :body, :ts);
""",
        "point_select": """\\set id random(:first, :last)
SELECT * FROM {table} WHERE id = :id;
""",
        "last50": """\\set owner random(0, :users - 1)
SELECT id, room, sender, body, ts FROM {table} WHERE owner = :owner ORDER BY id DESC LIMIT 50;
""",
        "update1": """\\set id random(:first, :last)
UPDATE {table} SET body = :body WHERE id = :id;
""",
        "delete1": """\\set n :n + 1
\\set id :first + :n * :clients + :client_id
DELETE FROM {table} WHERE id = :id;
""",
    }

    def __init__(self, server, folder):
        self._server = server
        self._folder = folder
        self._next_id = {}

    def create(self, table):
        self._server.sql(f"CREATE TABLE {table} (id bigint PRIMARY KEY, {REST})")

    def create_bulk(self, table):
        """For statements of many rows: ids from a sequence, so that the text needs no substitution."""
        self._server.sql(f"CREATE SEQUENCE {table}_id CACHE 1000")
        self._server.sql(
            f"CREATE TABLE {table} (id bigint PRIMARY KEY DEFAULT nextval('{table}_id'), {REST})")

    def create_inbox(self, table, users, rows_per_user):
        self._server.sql(f"CREATE TABLE {table} (owner int, id bigint, {REST}, PRIMARY KEY (owner, id))")
        self._fill(table, users * rows_per_user, 0, f"g / {rows_per_user}, ")

    def load(self, table, rows):
        """Loads rows after those already there; returns the first one's id."""
        first = self._take_ids(table, rows)
        self._fill(table, rows, first, "")
        return first

    def run(self, workload, table, seconds, warmup, connections, durable=True, **variables):
        script = os.path.join(self._folder, f"{workload}.sql")
        with open(script, "w") as text:
            text.write(self.SCRIPTS[workload].format(table=table))

        def settings():
            first = self._take_ids(table, 100_000_000) if workload == "insert1" else 0
            return {"n": -1, "first": first, "clients": connections, "body": BODY, "room": "room-07",
                    "sender": "user-007", "ts": "2025-10-20T10:00:07.007Z", **variables}

        return self._pgbench(script, "prepared", seconds, warmup, connections, durable, settings)

    def run_bulk(self, table, seconds, warmup, connections, rows=1000):
        script = os.path.join(self._folder, "bulk.sql")
        values = ", ".join(
            f"('room-{k % 100:02}', 'user-{k:03}', '{BODY}', '20251020T1000{k % 60:02}.{k:03}Z')"
            for k in range(rows))
        with open(script, "w") as text:
            text.write(f"INSERT INTO {table} (room, sender, body, ts) VALUES {values};\n")
        figures = self._pgbench(script, "simple", seconds, warmup, connections, True, dict)
        figures["rows_rate"] = figures["rate"] * rows
        return figures

    def count(self, table):
        return int(self._server.sql(f"SELECT count(*) FROM {table}"))

    def _fill(self, table, rows, first, extra):
        self._server.sql(
            f"INSERT INTO {table} SELECT {extra}{first} + g, 'room-' || lpad((g % 100)::text, 2, '0'), "
            f"'user-' || lpad((g % 1000)::text, 3, '0'), '{BODY}', timestamptz '2025-10-20 10:00:00Z' "
            f"FROM generate_series(0, {rows - 1}) g")
        self._server.sql(f"VACUUM ANALYZE {table}")
        self._server.sql("CHECKPOINT")

    def _take_ids(self, table, count):
        first = self._next_id.get(table, FIRST_ID)
        self._next_id[table] = first + count
        return first

    def _pgbench(self, script, mode, seconds, warmup, connections, durable, settings):
        """`settings()` gives the script's variables: anew for the warm-up, which uses up ids too."""
        def go(wanted_seconds, *more):
            # Connecting counts as time, not as rate: hundreds of connections get some seconds more.
            duration = max(1, round(wanted_seconds)) + connections // 100
            return self._server.client(
                "pgbench", "-n", "-M", mode, "-j", "1", "-c", str(connections), "-T", str(duration),
                "-f", script, *more, *(f"-D{name}={value}" for name, value in settings().items()),
                options=f"-c synchronous_commit={'on' if durable else 'off'}")

        if warmup > 0:
            go(warmup)
        log = os.path.join(self._folder, "latency")
        with _Cores(self._server) as cores:
            output = go(seconds, "-l", "--sampling-rate=0.1", f"--log-prefix={log}")
        latencies = _take_latencies(log)
        rate = _figure(output, "tps = ")
        return {"rate": rate, "rows_rate": rate, "p50": _quantile(latencies, 0.5),
                "p99": _quantile(latencies, 0.99), "server_cores": cores.server,
                "client_cores": cores.client,
                "transactions": int(_figure(output, "number of transactions actually processed: "))}


def _figure(output, label):
    for line in output.splitlines():
        if line.startswith(label):
            return float(line[len(label):].split()[0].split("/")[0])
    raise RuntimeError(f"pgbench printed no '{label}':\n{output}")


def _take_latencies(prefix):
    """pgbench's transaction log: client, number, microseconds, ..."""
    latencies = []
    for path in glob.glob(prefix + ".*"):
        with open(path) as log:
            latencies += [int(line.split()[2]) for line in log]
        os.remove(path)
    return sorted(latencies)


def _quantile(ordered, fraction):
    return float(ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]) if ordered else 0.0
