"""pgbench, PostgreSQL's own load generator: prepared statements for single rows, simple text for many."""

import glob
import os

from compare.legs import FIRST_ID, Cores, LibpqLegs

BODY = ("0123456789-" + "The quick brown fox jumps over the lazy dog. " * 3)[:140]


class PgbenchLegs:
    """On the tables that LibpqLegs made, or on such with ids of their own."""

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

    def create_bulk(self, table):
        """For statements of many rows: ids from a sequence, so that the text needs no substitution."""
        self._server.sql(f"CREATE SEQUENCE {table}_id CACHE 1000")
        self._server.sql(
            f"CREATE TABLE {table} (id bigint PRIMARY KEY DEFAULT nextval('{table}_id'), {LibpqLegs.REST})")

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
        with Cores(self._server) as cores:
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
