"""Writes what was measured into docs/performance.md: the parts between markers, and the plots of the growth laws.

A marked part begins with `<!-- measured: NAME -->` and ends with `<!-- end -->`; everything else is written by hand.
"""

import os
import re

from compare import plot, report
from compare.finding import short


def fill(text, parts):
    """`text` with the marked parts replaced. A part without a marker, or a marker without a part, is an error."""
    seen = set()

    def replace(found):
        name = found.group(1)
        seen.add(name)
        return f"<!-- measured: {name} -->\n\n" + "\n".join(parts[name]) + "\n\n<!-- end -->"

    filled = re.sub(r"<!-- measured: ([\w-]+) -->.*?<!-- end -->", replace, text, flags=re.DOTALL)
    if set(parts) - seen:
        raise ValueError(f"no marker for {', '.join(sorted(set(parts) - seen))}")
    return filled


def goals(results):
    facts = results["environment"]
    return [f"Commit {facts['commit']}, {facts['time'][:10]}, {facts['processors']} processors, {facts['postgres']}, "
            f"{facts['rounds']} rounds of {facts['seconds_a_turn']:g} s a turn, {facts['cold_rows']:,} cold rows.", "",
            *report.markdown(results["findings"]), "", *report.closing(results)[1:]]


def missed(results):
    """Said plainly, goal by goal."""
    lines = [f"- Goal {found['goal']}, {found['work']}: {found['verdict'].removeprefix('MISSED, ')} ({found['aim']}; "
             f"{' / '.join(short(value) for value in found['judged'])})."
             for found in results["findings"] if found["reached"] is False]
    return lines or ["Every goal was reached."]


def clients(results):
    """The hot path by system: rate, latency, processors."""
    lines = ["| goal | system | rate /s | p50 us | p99 us | server cores | client cores |", "|" + "---|" * 7]
    for found in results["findings"]:
        for system, figures in found["details"].items():
            if isinstance(figures, dict) and "rate" in figures:
                lines.append(f"| {found['goal']} | {system} | {figures['rate']:,} | {figures['p50']:,.0f} | "
                             f"{figures['p99']:,.0f} | {figures['server_cores']:.2f} | {figures['client_cores']:.2f} |")
    return lines


def laws(results):
    lines = ["| law | sizes | cost, first to last | growth | exponent | allowed | verdict |", "|" + "---|" * 7]
    for law in results.get("laws", []):
        points = law["points"]
        lines.append(f"| {law['title']} | {plot.number(points[0][0])} to {plot.number(points[-1][0])} {law['size']} | "
                     f"{short(points[0][1])} to {short(points[-1][1])} {law['cost']} | {law['growth']:.2f}x | "
                     f"{law['exponent']:.2f} | {law['most']:g} | {law['verdict']} |")
    return lines + [""] + [f"![{law['title']}](performance/{law['key']}.svg)" for law in results.get("laws", [])]


def write(docs, results, growth):
    """Regenerates `docs`/performance.md and `docs`/performance/*.svg."""
    path = os.path.join(docs, "performance.md")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text = fill(text, {"goals": goals(results), "missed": missed(results), "clients": clients(results),
                       "laws": laws(growth)})
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    folder = os.path.join(docs, "performance")
    os.makedirs(folder, exist_ok=True)
    for law in growth.get("laws", []):
        with open(os.path.join(folder, law["key"] + ".svg"), "w", encoding="utf-8") as file:
            file.write(plot.svg(law))
