"""Turning rounds of figures into the table that is printed and the JSON that is kept."""

import statistics


def summary(goal, rounds):
    """`rounds`: one {"kalam": figures, "postgres": figures} per round. Ratios are taken per round."""
    ratios = [r["kalam"][goal.figure] / r["postgres"][goal.figure]
              for r in rounds if _usable(r.get("kalam")) and _usable(r.get("postgres"))]
    result = {"goal": goal.key, "title": goal.title, "peer": goal.peer, "target": goal.target,
              "rounds": rounds}
    if ratios:
        result["ratio"] = {"min": min(ratios), "median": statistics.median(ratios), "max": max(ratios)}
    return result


def table(goals, summaries, connections):
    """Lines for people. A row is one goal; figures are medians over the rounds."""
    lines = [f"{'goal':<5}{'work':<42}{'KalamDB':>11}{'PostgreSQL':>12}  "
             f"{'ratio min/med/max':<20}{'aim':>6}  verdict",
             "-" * 110]
    for goal, found in zip(goals, summaries):
        lines.append(f"{goal.key:<5}{goal.title:<42}{_count(found, 'kalam', goal.figure):>11}"
                     f"{_count(found, 'postgres', goal.figure):>12}  {_ratio(found):<20}"
                     f"{'' if goal.target is None else f'{goal.target:.2f}x':>6}  {_verdict(found)}")
    lines += ["", f"{'goal':<5}{'latency and processor use':<28}"
              f"{'KalamDB p50':>12}{'p99':>9}{'server':>8}{'client':>8}"
              f"{'PostgreSQL p50':>16}{'p99':>9}{'server':>8}{'client':>8}",
              f"{'':<33}{'us':>12}{'us':>9}{'cores':>8}{'cores':>8}{'us':>16}{'us':>9}{'cores':>8}{'cores':>8}",
              "-" * 110]
    for goal, found in zip(goals, summaries):
        cells = f"{goal.key:<5}{goal.title[:27]:<28}"
        for system, width in (("kalam", 12), ("postgres", 16)):
            for figure, digits, columns in (("p50", 0, width), ("p99", 0, 9), ("server_cores", 2, 8),
                                            ("client_cores", 2, 8)):
                value = _median(found, system, figure)
                cells += f"{'-' if value is None else f'{value:,.{digits}f}':>{columns}}"
        lines.append(cells)
    for found in summaries:
        for number, figures in enumerate(found["rounds"], 1):
            for system, figure in figures.items():
                if not _usable(figure):
                    lines.append(f"goal {found['goal']}, round {number}, {system} FAILED: {figure['error']}")
    lines += ["", f"{connections} connections (bulk inserts: 8); requests/s, for bulk inserts rows/s; medians over "
              "the rounds. Ratios compare neighbours in time; the absolute figures are this machine's."]
    return lines


def probes(figures):
    """Lines on what bounds us: HTTP alone, and the disk's syncs."""
    lines = ["limits on this machine, now:"]
    if "http" in figures:
        http = figures["http"]
        lines.append(f"  HTTP alone (GET /health, closed loop): {http['rate']:,.0f}/s, p99 {http['p99']:,.0f} us, "
                     f"server {http['server_cores']:.2f} cores, client {http['client_cores']:.2f}")
    lines.append(f"  appends of 16 KB with fdatasync, one after the other: {figures['syncs']:,.0f}/s "
                 f"(a group of 64 rows each: {64 * figures['syncs']:,.0f} rows/s)")
    return lines


def failures(summaries):
    return sum(not _usable(figure) for found in summaries for figures in found["rounds"]
               for figure in figures.values())


def _usable(figures):
    return bool(figures) and "error" not in figures


def _median(found, system, figure):
    values = [r[system][figure] for r in found["rounds"] if _usable(r.get(system))]
    return statistics.median(values) if values else None


def _count(found, system, figure):
    value = _median(found, system, figure)
    return "-" if value is None else f"{value:,.0f}"


def _ratio(found):
    ratio = found.get("ratio")
    return "-" if ratio is None else f"{ratio['min']:.2f} / {ratio['median']:.2f} / {ratio['max']:.2f}"


def _verdict(found):
    if "ratio" not in found or found["target"] is None:
        return ""
    share = found["ratio"]["median"] / found["target"]
    return "reached" if share >= 1 else f"{share:.0%} of the aim"
