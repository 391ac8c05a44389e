"""How the cost of an INSERT grows with subscriptions: those that its row does not match, and those that it does."""

from compare.slope import FLAT, LINEAR
from goals.live import LIMITS, load
from laws.sizes import costs, law


def measure(context, _, full):
    with context.kalam(**LIMITS) as kalam:
        def filtered(subscriptions):
            return load(context, "filters", kalam.port, kalam.pid, subscriptions, 0, 12_800, subscriptions)[
                "cpu_us_per_insert"]

        sizes = (100, 1_000, 10_000, 100_000) if full else (100, 2_000, 30_000)
        yield law("insert-filters", "INSERT by subscriptions it does not match", "subscriptions, each with a filter",
                  "us of processor time per INSERT", FLAT, costs(sizes, filtered, kalam))

    with context.kalam(**LIMITS) as kalam:
        def matched(sockets):
            rate = load(context, "fanout", kalam.port, kalam.pid, sockets, max(30, 30_000 // sockets), 1)["messages_per_s"]
            return 1e6 * sockets / rate

        sizes = (10, 100, 1_000, 10_000) if full else (10, 100, 1_000)
        yield law("insert-matching", "INSERT by subscribers who get it", "subscribers, one socket each",
                  "us until all have the row", LINEAR, costs(sizes, matched, kalam))
