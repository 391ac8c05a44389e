"""One leg: one system doing one kind of work for some seconds. All kinds return the same figures.

A figure is a dict: rate (requests/s), rows_rate (rows/s), p50, p99 (microseconds), server_cores and
client_cores (processor seconds used per second of the leg).
"""

import resource
import time

from compare.context import run_json

FIRST_ID = 1_000_000_000  # kalam-bench's ids have ten digits
IDS_PER_LEG = 1_000_000   # legs that insert begin at such a multiple, past ids that were handed out but never sent


class Cores:
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
        self.server_seconds = self._system.cpu_seconds() - self._server
        self.server = self.server_seconds / elapsed
        self.client = (self._children() - self._client) / elapsed

    @staticmethod
    def _children():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime


class Generator:
    """Runs kalam-bench or pg-bench. Remembers which ids are used, so that every leg inserts new ones."""

    def __init__(self, binary, server):
        self._binary = binary
        self._server = server
        self._next_id = {}

    def load(self, table, rows, **options):
        """Loads rows after those already there; returns the first one's id."""
        first = self._next_id.get(table, FIRST_ID)
        answer = self._generate("load", table, rows=rows, first_id=first, connections=4, **options)
        self._next_id[table] = answer["next_id"]
        return first

    def run(self, workload, table, seconds, warmup, connections, durable=True, **options):
        inserts = workload.startswith("insert")
        if inserts:
            options["first_id"] = self._next_id.get(table, FIRST_ID)
        with Cores(self._server) as cores:
            answer = self._generate(workload, table, durable, seconds=seconds, warmup=warmup,
                                    connections=connections, **options)
        if inserts:
            self._next_id[table] = (answer["next_id"] // IDS_PER_LEG + 1) * IDS_PER_LEG
        return {"rate": answer["requests_per_s"], "rows_rate": answer["rows_per_s"],
                "p50": answer["latency_us"]["p50"], "p99": answer["latency_us"]["p99"],
                # Per counted request: only without a warm-up are these all of them.
                "server_us": cores.server_seconds * 1e6 / max(answer["requests"], 1), "server_cores": cores.server, "client_cores": cores.client}

    def _generate(self, workload, table, durable=True, **options):
        flags = [text for name, value in options.items() for text in ("--" + name.replace("_", "-"), value)]
        return run_json(self._binary, workload, *self._place(table), *flags, env=self._environment(durable))

    def _place(self, table):
        """Options that say where the table is."""
        raise NotImplementedError

    def _environment(self, durable):
        return None


class KalamLegs(Generator):
    """kalam-bench against a KalamDB server, or against the limit probe, which answers as one."""

    TABLE = ("(id BIGINT PRIMARY KEY, room TEXT NOT NULL, sender TEXT NOT NULL, body TEXT NOT NULL, "
             "ts TIMESTAMP NOT NULL)")

    # Rows stay hot: what is measured here are the paths to the hot store.
    HOT = "FLUSH INTERVAL 86399s"

    def create(self, table):
        self._server.sql("CREATE NAMESPACE IF NOT EXISTS bench")
        self._server.sql(f"CREATE USER TABLE bench.{table} {self.TABLE} {self.HOT}")

    def _place(self, table):
        return ["--port", self._server.port, "--table", f"bench.{table}"]


class LibpqLegs(Generator):
    """pg-bench: the client that is like kalam-bench in everything but the protocol."""

    REST = "room text NOT NULL, sender text NOT NULL, body text NOT NULL, ts timestamptz NOT NULL"

    def create(self, table):
        self._server.sql(f"CREATE TABLE {table} (id bigint PRIMARY KEY, {self.REST})")

    def load_inbox(self, table, owners, rows_per_owner):
        """A key of (owner, id), which KalamDB has without saying so."""
        self.create(f"{table}_ids")
        first = self.load(f"{table}_ids", owners * rows_per_owner)
        self._server.sql(f"CREATE TABLE {table} (owner bigint, id bigint, {self.REST}, PRIMARY KEY (owner, id))")
        self._server.sql(f"INSERT INTO {table} SELECT (id - {first}) / {rows_per_owner}, * FROM {table}_ids")
        self.tidy(table)

    def tidy(self, table):
        """What autovacuum would do sooner or later."""
        self._server.sql(f"VACUUM ANALYZE {table}")
        self._server.sql("CHECKPOINT")

    def _place(self, table):
        return ["--table", table]

    def _environment(self, durable):
        return self._server.environment(f"-c synchronous_commit={'on' if durable else 'off'}")
