#!/usr/bin/env python3
"""Goals 5, 7, 8 and 9: what rows in Parquet cost. See bench/README.md.

    bench/cold/run.py [--rows 10000000] [--files 100] [--build build/release]

Starts a server on a folder of its own, loads and flushes --rows rows of one user into --files files, and asks; bare
DuckDB answers the same questions from the same files in turns with it. The folder is removed afterwards.
"""

import argparse
import http.client
import json
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import threading
import time

ROW = ("SELECT i AS id, 'room-' || (hash(i) % 1000)::VARCHAR AS room, 'sender-' || (i % 5000)::VARCHAR AS sender, "
       "md5(i::VARCHAR) || md5((i + 1)::VARCHAR) || md5((i + 2)::VARCHAR) || md5((i + 3)::VARCHAR) || 'abcdefghijkl' "
       "AS body, TIMESTAMP '2026-01-01' + to_seconds(i::BIGINT) AS ts FROM range({0}, {1}) r(i)")
QUERIES = {
    "count and max": "SELECT count(*), max(ts) FROM {0}",
    "group by room": "SELECT room, count(*), max(id) FROM {0} GROUP BY room",
    "filter and sum": "SELECT sum(id) FROM {0} WHERE sender = 'sender-42'",
    "text search": "SELECT count(*) FROM {0} WHERE body LIKE '%abc1%'",
}


class Client:
    def __init__(self, port):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def sql(self, text):
        self._connection.request("POST", "/v1/api/sql", json.dumps({"sql": text}))
        answer = json.loads(self._connection.getresponse().read())
        if answer["status"] != "success":
            raise RuntimeError(answer["error"])
        return answer

    def rows(self, text):
        return self.sql(text)["results"][0]["rows"]

    def millis(self, text):
        begin = time.perf_counter()
        self.sql(text)
        return (time.perf_counter() - begin) * 1000


class Server:
    def __init__(self, binary, folder):
        self.port_file = os.path.join(folder, "port")
        environment = {**os.environ, "KALAMDB_COMPACTION_MIN_FILES": "1000", "KALAMDB_LOGGING_LEVEL": "warn",
                       "KALAMDB_STORAGE_LOG_MAX_BYTES": str(256 << 20)}
        self._process = subprocess.Popen([binary, "--port", "0", "--port-file", self.port_file, "--data-dir",
                                          os.path.join(folder, "data")], env=environment)
        while not os.path.exists(self.port_file) or not open(self.port_file).read():
            time.sleep(0.01)
        self.port = int(open(self.port_file).read())

    def memory_mb(self, field="VmRSS"):
        with open(f"/proc/{self._process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1024

    def reset_peak(self):
        with open(f"/proc/{self._process.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")

    def stop(self):
        self._process.terminate()
        self._process.wait()


def flush(client):
    job = client.rows("FLUSH TABLE app.messages")[0]["job_id"]
    while True:
        row = client.rows(f"SELECT status, result FROM system.jobs WHERE job_id = '{job}'")[0]
        if row["status"] not in ("pending", "running"):
            if row["status"] != "completed":
                raise RuntimeError(row)
            return json.loads(row["result"])
        time.sleep(0.005)


def insert_latencies(port, first_id, stop):
    """Single durable INSERTs until `stop`; their milliseconds."""
    client = Client(port)
    times = []
    while not stop.is_set():
        times.append(client.millis(f"INSERT INTO app.messages VALUES ({first_id + len(times)}, 'r', 's', 'b', NOW())"))
    return times


def check(client, rows):
    """A quick answer that is wrong is worth nothing."""
    found = client.rows("SELECT sum(id) AS ids, count(DISTINCT id) AS n, sum(length(body)) AS bytes "
                        "FROM app.messages")[0]
    if found != {"ids": rows * (rows - 1) // 2, "n": rows, "bytes": rows * 140}:
        raise RuntimeError(found)


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def duck(build, repeat, queries):
    out = subprocess.run([os.path.join(build, "bin/duck-probe"), str(repeat), *queries], check=True, text=True,
                         capture_output=True).stdout
    return [float(line) for line in out.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--dir", default="/var/tmp")
    parser.add_argument("--repeat", type=int, default=7)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="kalam-cold-", dir=options.dir)
    server = Server(os.path.join(options.build, "bin/kalamdb-server"), folder)
    try:
        measure(options, folder, server)
    finally:
        server.stop()
        shutil.rmtree(folder)


def measure(options, folder, server):
    client = Client(server.port)
    client.sql("CREATE NAMESPACE app; CREATE USER TABLE app.messages (id BIGINT PRIMARY KEY, room TEXT, sender TEXT, "
               "body TEXT, ts TIMESTAMP) FLUSH ROW_THRESHOLD 999999 INTERVAL 86399s")
    per_file = options.rows // options.files
    rates = []
    begin = time.perf_counter()
    for number in range(options.files):
        client.sql("INSERT INTO app.messages " + ROW.format(number * per_file, (number + 1) * per_file))
        result = flush(client)
        rates.append(result["records_flushed"] / max(result["duration_ms"], 1) * 1000)
    print(f"loaded {options.rows} rows into {options.files} files in {time.perf_counter() - begin:.0f} s")
    storage = os.path.join(folder, "data/storage")
    size = sum(os.path.getsize(os.path.join(path, name)) for path, _, names in os.walk(storage) for name in names)
    print(f"goal 9  flush: {statistics.median(rates):,.0f} rows/s (median of {options.files}), "
          f"{size / options.rows:.1f} bytes a row on disk")

    glob = f"read_parquet('{folder}/data/storage/**/*.parquet')"
    check(client, options.rows)
    for name, query in QUERIES.items():
        ratios, ours_all, bare_all = [], [], []
        for _ in range(3):
            ours = statistics.median(client.millis(query.format("app.messages")) for _ in range(options.repeat))
            bare = duck(options.build, options.repeat, [query.format(glob)])[0]
            ratios.append((ours - 2) / bare)
            ours_all.append(ours)
            bare_all.append(bare)
        print(f"goal 7  {name}: {min(ratios):.2f} / {statistics.median(ratios):.2f} / {max(ratios):.2f} x bare DuckDB "
              f"+ 2 ms ({statistics.median(ours_all):.0f} and {statistics.median(bare_all):.0f} ms)")

    random.seed(1)
    for _ in range(50):
        client.sql(f"SELECT * FROM app.messages WHERE id = {random.randrange(options.rows)}")
    times = [client.millis(f"SELECT * FROM app.messages WHERE id = {random.randrange(options.rows)}")
             for _ in range(400)]
    bare = duck(options.build, 5, [f"SELECT * FROM {glob} WHERE id = {options.rows // 3}"])[0]
    print(f"goal 5  point read: p50 {percentile(times, .5):.2f} ms, p99 {percentile(times, .99):.2f} ms "
          f"({percentile(times, .5) / bare:.3f} x bare DuckDB)")

    keys = [options.rows + i for i in range(2_000)]
    over_cold = [client.millis(f"INSERT INTO app.messages VALUES ({key}, 'r', 's', 'b', NOW())") for key in keys]
    client.sql("CREATE USER TABLE app.empty (id BIGINT PRIMARY KEY, room TEXT, sender TEXT, body TEXT, ts TIMESTAMP)")
    over_nothing = [client.millis(f"INSERT INTO app.empty VALUES ({key}, 'r', 's', 'b', NOW())") for key in keys]
    between = [client.millis(f"INSERT INTO app.messages VALUES ({2 * options.rows + i}, 'r', 's', 'b', NOW())")
               for i in range(100)]
    empty = percentile(over_nothing, .5)
    print(f"        INSERT with explicit keys over cold rows: {percentile(over_cold, .5) / empty:.2f} x an empty table "
          f"(p50), {percentile(between, .5) / empty:.2f} x behind a gap")

    client.sql("UPDATE app.messages SET sender = 'changed' WHERE id % 211 = 0 AND id < 10000000")
    client.sql("INSERT INTO app.messages " + ROW.format(3 * options.rows, 3 * options.rows + 50_000))
    for name, query in QUERIES.items():
        ours = statistics.median(client.millis(query.format("app.messages")) for _ in range(options.repeat))
        bare = duck(options.build, options.repeat, [query.format(glob)])[0]
        print(f"goal 8  with hot rows, {name}: {ours / bare:.2f} x bare DuckDB on the cold ones")

    flush(client)
    idle = Client(server.port)
    quiet = [idle.millis(f"INSERT INTO app.empty VALUES ({5_000_000 + i}, 'r', 's', 'b', NOW())") for i in range(3_000)]
    for start in range(0, 900_000, 100_000):  # below the threshold: not yet
        first = 4 * options.rows + start
        client.sql("INSERT INTO app.messages " + ROW.format(first, first + 100_000))
    before = server.memory_mb()
    server.reset_peak()
    stop = threading.Event()
    busy = []
    worker = threading.Thread(target=lambda: busy.extend(insert_latencies(server.port, 6 * options.rows, stop)))
    worker.start()
    result = flush(client)
    stop.set()
    worker.join()
    rate = result["records_flushed"] / result["duration_ms"] * 1000
    print(f"goal 9  flush of {result['records_flushed']} rows: {rate:,.0f} rows/s; "
          f"INSERT p99 meanwhile {percentile(busy, .99) / percentile(quiet, .99):.2f} x of before "
          f"({percentile(busy, .99):.2f} ms); memory {server.memory_mb('VmHWM') - before:+.0f} MB at its highest")


if __name__ == "__main__":
    main()
