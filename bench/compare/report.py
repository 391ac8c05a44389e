"""The table of a run, for people. It reads findings as they are kept in JSON."""

from compare.finding import short

HEADS = ("goal", "work", "ours", "peer", "ratio min/med/max", "limit", "aim", "p50 us", "p99 us", "verdict")


def cells(found):
    """One finding as the texts of its columns."""
    return (found["goal"], found["work"], f"{short(found['ours'][1])} {found['unit']}",
            f"{short(found['peer'][1])} {found['peer_name']}" if "peer" in found else "-",
            " / ".join(short(value) for value in found["ratio"]) if "ratio" in found else "-",
            f"{found['limit_share']:.0%}" if found["limit_share"] else "-", found["aim"] or "-",
            short(found["p50_us"]) if found["p50_us"] else "-", short(found["p99_us"]) if found["p99_us"] else "-",
            found["verdict"] + (f" ({found['change']} than before)" if found.get("change") else ""))


def table(findings):
    lines = [HEADS, *(cells(found) for found in findings)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]
    texts = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
    return [texts[0], "-" * max(map(len, texts)), *texts[1:]]


def markdown(findings):
    """The same for a document."""
    lines = ["| " + " | ".join(HEADS) + " |", "|" + "---|" * len(HEADS)]
    return lines + ["| " + " | ".join(cell.replace("|", "\\|") for cell in cells(found)) + " |" for found in findings]


def closing(results):
    """What is to be said below the table."""
    findings, facts = results["findings"], results["environment"]
    aimed = [found for found in findings if found["reached"] is not None]
    reached = sum(found["reached"] for found in aimed)
    worse = [f"{found['goal']} ({found['work']})" for found in findings if found.get("change") == "worse"]
    lines = [f"{reached} of {len(aimed)} aims reached, in {facts['minutes']} minutes. Ratios compare neighbours in time; "
             "absolute figures are this machine's.",
             f"Appends of 16 KB with fdatasync, one after the other: {facts['syncs_per_s']:,}/s."]
    durable = next((found["details"]["probe"]["rate"] for found in findings
                    if "probe" in found["details"] and found["goal"] == "1"), None)
    if durable:
        lines.append(f"The limit probe did {durable:,} durable INSERTs/s; where absolute aims were set, it did 68,400.")
    if worse:
        lines.append("WORSE than the kept run by more than the noise: " + ", ".join(worse))
    return lines + [f"FAILED: goals {failure['goal']}: {failure['why']}" for failure in results["failures"]]
