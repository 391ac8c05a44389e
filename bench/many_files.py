#!/usr/bin/env python3
"""What the number of a table's Parquet files adds to planning, beside a table with one file; aim: 10,000 files, 10 ms.

    bench/many_files.py [build/release/bin/kalamdb-server]           1,000 files, a minute
    bench/many_files.py [build/release/bin/kalamdb-server] --full    10,000 files, seven minutes

All files belong to one user, or to as many users as files. Nothing is merged. EXPLAIN is planning alone; a query that
leaves every file out by what its columns hold is little else. The server runs on a folder of its own, removed
afterwards; planning does not depend on the disk, making the files does (`--dir`).
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time

sys.dont_write_bytecode = True
BENCH = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, BENCH)

from compare.client import Client  # noqa: E402
from compare.systems import Kalam, settle  # noqa: E402
from goals.cold import COLUMNS, ROW, SETTINGS  # noqa: E402

ROWS_PER_FILE = 20
AIM_MS = 10
STATEMENTS = {
    "EXPLAIN, all files": "EXPLAIN SELECT room, count(*), max(ts) FROM {0} GROUP BY room",
    "EXPLAIN, one file": "EXPLAIN SELECT room, ts FROM {0} WHERE id BETWEEN 7 AND 9",
    "query, no file by key": "SELECT room, ts FROM {0} WHERE id > 1000000000",
    "query, no file by time": "SELECT room, id FROM {0} WHERE ts < TIMESTAMP '2001-01-01'",
    "SELECT by key": "SELECT * FROM {0} WHERE id = 7",
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", nargs="?",
                        default=os.path.join(os.path.dirname(BENCH), "build", "release", "bin", "kalamdb-server"))
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--times", type=int, default=200, help="of each statement; the median counts")
    parser.add_argument("--dir", default="/var/tmp")
    return parser.parse_args()


def create(client, table):
    client.sql(f"CREATE USER TABLE {table} {COLUMNS} FLUSH INTERVAL 86399s")


def files_of_one_user(_, client, table, files):
    """One flush per file."""
    create(client, table)
    for number in range(files):
        client.sql(f"INSERT INTO {table} " + ROW.format(number * ROWS_PER_FILE, (number + 1) * ROWS_PER_FILE))
        flush(client, table)


def flush(client, table):
    """Over the connection that is there: most of the time goes into these."""
    job = client.rows(f"FLUSH TABLE {table}")[0]["job_id"]
    while client.rows(f"SELECT status FROM system.jobs WHERE job_id = '{job}'")[0]["status"] in ("pending", "running"):
        time.sleep(0.001)


def files_of_as_many_users(kalam, client, table, files):
    """One flush for all."""
    create(client, table)
    for number in range(files):
        Client(kalam.port, f"user-{number:05}").sql(f"INSERT INTO {table} " + ROW.format(0, ROWS_PER_FILE))
    flush(client, table)


def number_of_files(kalam):
    return sum(name.endswith(".parquet") for _, _, names in os.walk(os.path.join(kalam.data, "storage"))
               for name in names)


def medians(client, tables, times):
    """Milliseconds of each statement on each table, the tables in turns."""
    found = {}
    for name, text in STATEMENTS.items():
        taken = {table: [] for table in tables}
        for number in range(times + 20):
            for table in tables:
                took = client.millis(text.format(table))
                if number >= 20:
                    taken[table].append(took)
        found[name] = {table: statistics.median(values) for table, values in taken.items()}
    return found


def show(title, found, few, many):
    """True if the aim is reached."""
    kept = True
    print(f"{title:34} {'1 file':>10} {'all':>10} {'added':>10}")
    for name, by_table in found.items():
        added = by_table[many] - by_table[few]
        kept &= added <= AIM_MS
        print(f"  {name:32} {by_table[few]:>7.2f} ms {by_table[many]:>7.2f} ms {added:>7.2f} ms")
    return kept


def main():
    options = arguments()
    files = 10_000 if options.full else 1_000
    folder = tempfile.mkdtemp(prefix="kalam-many-files-", dir=options.dir)
    # How often the log is synced is not what is measured.
    kalam = Kalam(options.binary, folder, sync="interval", settings=SETTINGS)
    kept = True
    try:
        kalam.start()
        client = Client(kalam.port)
        client.sql("CREATE NAMESPACE app")
        files_of_one_user(kalam, client, "app.few", 1)
        for title, fill, user in ((f"{files:,} files of one user", files_of_one_user, None),
                                  (f"{files:,} users with a file each", files_of_as_many_users, "user-00077")):
            table = "app.many" if user is None else "app.shared_out"
            before, begin = number_of_files(kalam), time.monotonic()
            fill(kalam, client, table, files)
            made = number_of_files(kalam) - before
            if made != files:
                raise RuntimeError(f"{made} files instead of {files}")
            print(f"({made:,} files made in {time.monotonic() - begin:.0f} s)", flush=True)
            settle(kalam)
            if user is not None:
                few = Client(kalam.port, user)
                few.sql("INSERT INTO app.few " + ROW.format(0, ROWS_PER_FILE))
                flush(client, "app.few")
            found = medians(Client(kalam.port, user), ("app.few", table), options.times)
            kept &= show(title, found, "app.few", table)
    finally:
        kalam.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"at most {AIM_MS} ms added: {'kept' if kept else 'BROKEN'}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
