"""From measurements to the lines of the table."""
import dataclasses

from . import rows
from .contenders import OURS


@dataclasses.dataclass
class Line:
    name: str
    ours: str
    peer: str       # the best one's figure and name
    ratio: float    # theirs / ours
    must: float
    aim: float

    @property
    def verdict(self):
        return "aim" if self.ratio >= self.aim else "won" if self.ratio >= self.must else "short" if self.ratio >= 1 else "lost"


def duration(seconds):
    for unit, scale in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale or unit == "us":
            return f"{seconds / scale:.3g} {unit}"


def best_peer(figures, key):
    peers = {name: f[key] for name, f in figures.items() if name != OURS}
    return min(peers.items(), key=lambda item: item[1], default=(None, None))


def step_lines(measured):
    known = {row.name: row for row in rows.TRAINING + rows.PREDICTION}
    for m in measured:
        row = known[f"{m['net']} b{m['batch']} {m['mode']}"]
        name, seconds = best_peer(m["contenders"], "seconds")
        if OURS in m["contenders"] and name:
            ours = m["contenders"][OURS]["seconds"]
            yield Line(row.name, duration(ours), f"{duration(seconds)} {name}", seconds / ours, row.must, row.aim)


def memory_line(measured):
    """Of the training step where we are nearest to the peer that needs least."""
    lines = []
    for m in measured:
        name, rss = best_peer(m["contenders"], "peak_rss")
        if m["mode"] == "train" and OURS in m["contenders"] and name:
            ours = m["contenders"][OURS]["peak_rss"]
            lines.append(Line(f"memory, {m['net']} b{m['batch']}", f"{ours / 2**20:.0f} MiB", f"{rss / 2**20:.0f} MiB {name}",
                              rss / ours, *rows.MEMORY[1:]))
    return min(lines, key=lambda line: line.ratio, default=None)


def pair_line(kind, seconds):
    """From {ours: seconds, a peer: seconds, ...}."""
    theirs, peer = min((s, name) for name, s in seconds.items() if name != OURS)
    return Line(kind[0], duration(seconds[OURS]), f"{duration(theirs)} {peer}", theirs / seconds[OURS], *kind[1:])


def neighbour_text(slowdown):
    worst = {name: max(by_row.values()) for name, by_row in slowdown.items()}
    ours = worst.pop(OURS)
    others = ", ".join(f"{name} {factor:.2f}x" for name, factor in worst.items())
    verdict = "won" if ours <= rows.NEIGHBOUR[1] else "lost"
    return f"{rows.NEIGHBOUR[0]}: {ours:.2f}x slower beside one busy process (must: {rows.NEIGHBOUR[1]}x), {others}: {verdict}"


def lines_of(results):
    lines = list(step_lines(results["steps"]))
    memory = memory_line(results["steps"])
    if memory:
        lines.append(memory)
    for kind, key in ((rows.MNIST, "mnist"), (rows.START, "start")):
        if results.get(key):
            lines.append(pair_line(kind, results[key]))
    return lines


def table(results):
    head = f"{'workload':<24} {'ours':>10}  {'best peer':<30} {'ratio':>8} {'must':>6} {'aim':>6}"
    text = [head] + [f"{x.name:<24} {x.ours:>10}  {x.peer:<30} {x.ratio:>7.2f}x {x.must:>6.3g} {x.aim:>6.3g}  {x.verdict}"
                     for x in lines_of(results)]
    for m in results["steps"]:
        text += [f"{m['net']} b{m['batch']} {m['mode']}: without {name}: {reason[:160]}"
                 for name, reason in m["failures"].items()]
    if results.get("neighbour"):
        text.append(neighbour_text(results["neighbour"]))
    text += [f"{part}: {reason[:300]}" for part, reason in results.get("failures", {}).items()]
    return "\n".join(text)
