"""The sizes that a cost is measured at, and measuring it in processor time of the server."""

from compare.context import say
from compare.slope import Law
from compare.systems import settle


def costs(sizes, cost, system, repeat=2):
    """(size, cost) of each size: the least of `repeat` passes, every second one backwards, so that what grows while
    the passes go on is not taken for what grows with the size."""
    least = {}
    for number in range(repeat):
        for size in sizes if number % 2 == 0 else reversed(sizes):
            settle(system)
            found = cost(size)
            least[size] = min(found, least.get(size, found))
    return [(size, least[size]) for size in sizes]


def law(*fields):
    found = Law(*fields)
    say(f"{found.title}: " + ", ".join(f"{x:,}: {y:.3g}" for x, y in found.points) +
        f"; exponent {found.exponent:.2f}, {found.verdict}")
    return found


def request_us(legs, workload, table, seconds, connections=64, **options):
    """Microseconds of the server's processor time per request."""
    return legs.run(workload, table, seconds, 0, connections, **options)["server_us"]
