"""The machine that figures come from, and keeping a run on two of its processors."""

import datetime
import os
import resource
import subprocess
import time

_BEGIN = time.monotonic()


def stay_on_two_processors(wanted=None):
    """Everything that is measured shares two processors. `wanted`: as in "0,1"."""
    available = sorted(os.sched_getaffinity(0))
    chosen = [int(cpu) for cpu in wanted.split(",")] if wanted else available[:2]
    os.sched_setaffinity(0, chosen)
    return chosen


def allow_many_files():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65536, most), most))


def environment(root, options):
    """What a reader needs to judge the figures by."""
    def output(*command):
        done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    dirty = "+changes" if output("git", "status", "--porcelain", "--untracked-files=no") else ""
    return {
        "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": output("git", "rev-parse", "--short", "HEAD") + dirty,
        "processors": len(os.sched_getaffinity(0)), "filesystem": output("stat", "-f", "-c", "%T", options.dir),
        "load_before": round(os.getloadavg()[0], 2),
        "postgres": output(os.path.join(options.postgres, "postgres"), "--version").split(" (")[0],
        "rounds": options.rounds, "seconds_a_turn": options.seconds, "cold_rows": options.cold_rows,
    }


def minutes():
    """Since this process began."""
    return round((time.monotonic() - _BEGIN) / 60, 1)


def syncs_per_second(folder):
    """The pace of a lone writer that appends 16 KB, about 64 rows with their log entries, and syncs."""
    path = os.path.join(folder, "syncs")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    block, count, begin = os.urandom(16384), 0, time.monotonic()
    while time.monotonic() - begin < 1:
        os.write(descriptor, block)
        os.fdatasync(descriptor)
        count += 1
    elapsed = time.monotonic() - begin
    os.close(descriptor)
    os.remove(path)
    return count / elapsed
