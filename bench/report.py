#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""report.py RESULTS [DOCUMENT]: the lines of run-bench as tables for people; with a document, its blocks
between `<!-- bench NAME -->` and `<!-- end -->` are written anew, and the plot beside it.
"""
import json
import os
import re
import sys


def find(rows, **wanted):
    return [r for r in rows if all(r.get(key) == value for key, value in wanted.items())]


def yardstick(row):
    """Of a row that is measured several times its case, and the time of what it is compared with, or its own if
    nothing is; None: it is measured once."""
    bench = row.get("bench")
    if bench == "core" and row["group"] != "peers":
        return tuple(row[key] for key in ("group", "case", "vendor", "format", "bad_percent")), \
            row.get("ipsec_mb_ns", row["whole_ns"])
    if bench == "gate":
        return (bench, row["authenticated"]), row["core_ns"]
    if bench == "counting":
        return (bench,), row["bare_ns"]
    if bench == "scale":
        return (bench,), row["alone_ns"]
    return None


def calm(rows):
    """Of what was measured several times the time in which the yardstick (raw ipsec-mb; of the packet path, the
    core; of two threads, one) was fastest: then the machine's neighbours were quietest. The ratio has no say in it.
    A case stands where it was measured first."""
    best = {}
    for place, row in enumerate(rows):
        case, ns = yardstick(row) or (place, 0)
        if case not in best or ns < best[case][0]:
            best[case] = ns, row
    return [row for _, row in best.values()]


def number(value, digits=0):
    return "-" if value is None else f"{value:,.{digits}f}".replace(",", " ")


def grid(titles, lines):
    """A Markdown table whose columns line up for people too."""
    cells = [titles] + [[str(cell) for cell in line] for line in lines]
    widths = [max(len(line[i]) for line in cells) for i in range(len(titles))]

    def row(line):
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |"

    return "\n".join([row(cells[0]), row(["-" * width for width in widths])] + [row(line) for line in cells[1:]])


def machine(rows):
    m = (find(rows, bench="machine") or [{}])[0]
    if not m:
        return "No run yet."
    return (f"{m['cpu']} (family {m['family']}, model {m['model']}), {m['cpus']} CPUs, L2 {m['l2']}, L3 {m['l3']}, "
            f"hypervisor {m['hypervisor']}; Linux {m['kernel']}; {m['compiler']}; commit {m['commit']}; "
            f"{m['date']}; load average {m['load']:.1f} from other work on the machine."
            + (" A quick run: its figures mean nothing." if m["quick"] else ""))


def core_line(r):
    return [r["case"], number(r["token_bytes"]), number(r["whole_ns"]), number(r["whole_median_ns"]),
            number(r.get("ipsec_mb_ns")), number(r.get("own_ns")), number(r.get("ratio_ipsec_mb"), 2),
            number(r.get("ratio_ipsec_mb_paired"), 2), number(r.get("ratio_own"), 2)]


CORE_TITLES = ["case", "token bytes", "whole ns", "median", "ipsec-mb ns", "own kernel ns", "whole / ipsec-mb",
               "paired median", "whole / own"]


def core(group):
    def table(rows):
        found = find(rows, bench="core", group=group)
        skipped = [f"Skipped: {r['case']}: this CPU lacks what it needs."
                   for r in find(rows, bench="core_skipped", group=group)]
        text = grid(CORE_TITLES, [core_line(r) for r in found]) if found else "Not measured."
        return "\n".join([text] + ([""] + skipped if skipped else []))
    return table


def bad(rows):
    found = find(rows, bench="core", group="bad")
    reasons = dict.fromkeys(r["case"] for r in found)
    lines = []
    for reason in reasons:
        some, all_ = (find(found, case=reason, bad_percent=share) for share in (20, 100))
        lines.append([reason, found and some[0]["vendor"], number(some[0]["whole_ns"]), number(all_[0]["whole_ns"])])
    return grid(["reason", "vendor", "20 % bad, ns", "100 % bad, ns"], lines) if lines else "Not measured."


def peer_best(rows):
    """Best and median over all turns of each foreign verifier, and of joingate between them."""
    best = {}
    for r in find(rows, bench="peer"):
        if "skipped" not in r:
            best.setdefault(r["who"], []).append((r["best_ns"], r["median_ns"]))
    for r in find(rows, bench="core", group="peers"):
        best.setdefault("joingate", []).append((r["whole_ns"], r["whole_median_ns"]))
    return {who: (min(b for b, _ in v), sorted(m for _, m in v)[len(v) // 2]) for who, v in best.items()}


def peers(rows):
    best = peer_best(rows)
    if "joingate" not in best:
        return "Not measured."
    own, own_median = best["joingate"]
    lines = [[who, number(b), number(m), f"{b / own:.1f}", f"{m / own_median:.1f}"]
             for who, (b, m) in sorted(best.items(), key=lambda item: item[1])]
    skipped = sorted({f"{r['who']}: {r['skipped']}" for r in find(rows, bench="peer") if "skipped" in r})
    return "\n".join([grid(["verifier", "best ns", "median ns", "times joingate", "of medians"], lines)]
                     + ([""] + [f"Skipped: {s}." for s in skipped] if skipped else []))


def attack(rows):
    found = find(rows, bench="attack")
    return grid(["neighbour", "its tokens", "the victim's ns a token", "against calm", "the neighbour's own ns"],
                [[r["neighbour"], number(r["tokens"]), number(r["victim_ns"]), number(r["slowdown"], 3),
                  number(r["neighbour_ns"])] for r in found]) if found else "Not measured."


def memory(rows):
    lines = [[r["what"], number(r["count"]), number(r["bytes_each"], 1)] for r in find(rows, bench="memory")]
    lines += [["cut-off, table of that size", number(r["entries"]), number(r["bytes_per_entry"], 1)]
              for r in find(rows, bench="cut_offs", what="fill")]
    return grid(["what", "count", "bytes each"], lines) if lines else "Not measured."


def gate(rows):
    found = find(rows, bench="gate")
    lines = [["with reply authentication" if r["authenticated"] else "without", number(r["core_ns"]),
              number(r["path_ns"]), number(r["share_of_core_rate"], 2), number(r["requests_per_second"])]
             for r in found]
    return grid(["path over net_ring", "core ns", "path ns", "share of the core's rate", "requests/s"],
                lines) if lines else "Not measured."


def counting(rows):
    return grid(["a request with counters and histograms, ns", "without, ns", "cost"],
                [[number(r["counted_ns"], 1), number(r["bare_ns"], 1), f"{r['cost_percent']:.1f} %"]
                 for r in find(rows, bench="counting")]) if find(rows, bench="counting") else "Not measured."


def control(rows):
    """From a revocation to every worker obeying it, and what a storm of them costs a worker."""
    lines = [[where, number(r["median_ms"], 1), number(r["p99_ms"], 1)]
             for where, r in [("one machine, SQLite", only_row(rows, bench="control", what="revoke to in force")),
                              ("a fleet, this gate", only_row(
                                  rows, bench="fleet", what="revoke to in force on this gate")),
                              ("a fleet, every gate", only_row(
                                  rows, bench="fleet", what="revoke to in force on every gate"))] if r]
    text = grid(["revoke to in force", "median ms", "p99 ms"], lines) if lines else "Not measured."
    storm = only_row(rows, bench="control", what="cut-off storm")
    if storm:
        seconds = storm["cut_offs"] // storm["offered_per_second"]
        text += (f"\n\n{number(storm['per_second'])} cut-offs a second for {seconds} s: "
                 f"a worker that verifies meanwhile keeps {storm['throughput_share']:.0%} of its throughput, "
                 f"{storm['wrong']} of {number(storm['judged'])} verdicts wrong.")
    return "\n\n".join([text] + [f"Skipped: the fleet: {r['skipped']}." for r in find(rows, bench="fleet")
                               if "skipped" in r])


def latency(rows):
    lines = [[f"{r['load_percent']} %", number(r["requests_per_second"]), number(r["p50_us"], 1),
              number(r["p99_us"], 1), number(r["p999_us"], 1), number(r["p999_us_median"], 1)]
             for r in find(rows, bench="latency") if "load_percent" in r]
    return grid(["of capacity", "requests/s", "p50 us", "p99 us", "p99.9 us", "p99.9 of the median window"],
                lines) if lines else "Not measured."


def veth(rows):
    found = find(rows, bench="veth")
    core_ns = only(rows, "core_ns", bench="gate", authenticated=False)
    lines = [[r["server"], number(r["requests_per_second"]), number(r["server_ns"]),
              number(1e9 / r["server_ns"]), number(by(core_ns, r["server_ns"]), 2)]
             for r in found if "skipped" not in r]
    skipped = [f"Skipped: {r['server']}: {r['skipped']}." for r in found if "skipped" in r]
    table = grid(["server", "requests/s", "its ns a request", "which is requests/s of a core", "share of the core's rate"],
                 lines) if lines else "Not measured."
    return "\n".join([table] + ([""] + skipped if skipped else []))


def scale(rows):
    found = find(rows, bench="scale")
    return grid(["threads", "alone ns", "together ns", "speed-up by CPU time", "speed-up on the wall"],
                [[r["threads"], number(r["alone_ns"]), number(r["together_ns"]), number(r["speedup"], 2),
                  number(r["wall_speedup"], 2)] for r in found]) if found else "Not measured."


def only(rows, key, **wanted):
    row = only_row(rows, **wanted)
    return row.get(key) if row else None


def only_row(rows, **wanted):
    return (find(rows, **wanted) or [None])[-1]


def by(a, b):
    return a / b if a and b else None


def must_rows(rows):
    """Figure, measured, must, aim, and whether more is better."""
    def ratio(case):
        return only(rows, "ratio_ipsec_mb", bench="core", group="headline", case=case)

    best = peer_best(rows)
    own = best.get("joingate", (None,))[0]
    hot = [r["ratio_ipsec_mb"] for r in find(rows, bench="core", group="burst") if r["burst"] >= 16]
    cut_offs = [only(rows, "whole_ns", bench="core", group="cut_offs", case=c) for c in ("10000000", "0")]
    return [
        ("whole / raw ipsec-mb at its best, LiveKit, hot, bursts of 32", ratio("known shape"), 1.25, 1.0, False),
        ("the same, the worst burst of 16 and more", max(hot) if hot else None, 1.25, 1.0, False),
        ("the same, unknown shapes (full scan)", ratio("full scan"), 1.6, 1.3, False),
        ("the same, AVX2 path", ratio("avx2"), 1.6, 1.3, False),
        ("the same, 1 000 apps, 1 million cut-offs", ratio("1 000 apps, 1 million cut-offs"), 1.3, 1.05, False),
        ("10 million cut-offs against none, 20 000 shuffled tokens", by(*cut_offs), 1.25, 1.1, False),
        ("Rust jsonwebtoken / whole", by(best.get("Rust jsonwebtoken", (None,))[0], own), 14, 20, True),
        ("libjwt / whole", by(best.get("libjwt", (None,))[0], own), 35, 50, True),
        ("packet path over net_ring / core rate", only(rows, "share_of_core_rate", bench="gate", authenticated=False),
         0.75, 0.9, True),
        ("the same with reply authentication", only(rows, "share_of_core_rate", bench="gate", authenticated=True),
         0.6, 0.75, True),
        ("p99.9 at 80 % of capacity over net_ring, us", only(rows, "p999_us", bench="latency", load_percent=80),
         100, 30, False),
        ("counters and histograms, % of the rate", only(rows, "cost_percent", bench="counting"), 3, 3, False),
        ("second verifier thread, by CPU time", only(rows, "speedup", bench="scale"), 1.9, 1.98, True),
        ("minting / raw ipsec-mb, LiveKit", only(rows, "ratio_ipsec_mb", bench="core", group="mint",
                                                case="livekit jwt-hs256"), 1.2, 1.2, False),
        ("slowest victim of an attack / calm", max((r["slowdown"] for r in find(rows, bench="attack")), default=None),
         1.1, 1.1, False),
    ]


def must(rows):
    lines = []
    for what, measured, limit, aim, more in must_rows(rows):
        if measured is None:
            verdict = "not measured"
        else:
            def holds(bound):
                return measured >= bound if more else measured <= bound
            verdict = "aim reached" if holds(aim) else "must reached" if holds(limit) else \
                f"missed by {abs(measured / limit - 1):.0%}"
        lines.append([what, number(measured, 2), f"{limit:g}", f"{aim:g}", verdict])
    return grid(["figure", "measured", "must", "aim", ""], lines)


def left(rows):
    """Where the time of a token goes. Where every key is unknown no shape is ever learnt, so that such a
    token costs what stands before the MAC by full scan."""
    before = only(rows, "whole_ns", bench="core", group="bad", case="unknown_key", bad_percent=100)
    own = only(rows, "own_ns", bench="core", group="headline", case="known shape")
    library = only(rows, "ipsec_mb_ns", bench="core", group="headline", case="known shape")
    whole, scan = (only(rows, "whole_ns", bench="core", group="headline", case=case)
                   for case in ("known shape", "full scan"))
    if not all((before, own, whole, scan)):
        return "Not measured."
    lines = [["split, base64url, JSON by full scan, key look-up (a token of an unknown app)", before],
             ["our HMAC kernel alone", own],
             ["the rest: signature, times, claims, cut-offs, policy, verdict", scan - before - own],
             ["what a known shape spares", whole - scan],
             ["whole, known shape", whole], ["raw ipsec-mb, for comparison", library]]
    return grid(["LiveKit tokens", "ns a token", "of the whole"],
                [[what, number(ns), f"{ns / whole:.0%}"] for what, ns in lines])


BLOCKS = {"machine": machine, "must": must, "peers": peers, "headline": core("headline"), "burst": core("burst"),
          "size": core("size"), "set": core("set"), "shapes": core("shapes"), "apps": core("apps"),
          "cut_offs": core("cut_offs"), "vendor": core("vendor"), "simd": core("simd"), "mint": core("mint"),
          "bad": bad, "attack": attack, "scale": scale, "memory": memory, "gate": gate,
          "counting": counting, "control": control, "latency": latency, "veth": veth,
          "left": left}


def text(rows):
    rows = calm(rows)
    return "\n\n".join(f"{name}\n{block(rows)}" for name, block in BLOCKS.items())


def svg_line(points, x, y, colour):
    return (f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="'
            + " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points) + '"/>'
            + "".join(f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3" fill="{colour}"/>' for a, b in points))


def write_plot(rows, path):
    """Nanoseconds a token by burst size: whole, ipsec-mb and our own kernel."""
    found = find(calm(rows), bench="core", group="burst")
    if not found:
        return
    series = [("whole verification", "whole_ns", "#0b6e4f"), ("raw HMAC, ipsec-mb", "ipsec_mb_ns", "#c1292e"),
              ("raw HMAC, our kernel", "own_ns", "#235789")]
    top = max(r[key] for r in found for _, key, _ in series if r.get(key)) * 1.1
    bursts = [r["burst"] for r in found]

    def x(burst):
        return 70 + 540 * bursts.index(burst) / max(1, len(bursts) - 1)

    def y(ns):
        return 320 - 280 * ns / top

    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 400" font-family="sans-serif" font-size="12">',
             '<rect width="660" height="400" fill="white"/>',
             '<text x="330" y="20" text-anchor="middle" font-size="14">LiveKit tokens, hot: '
             'nanoseconds a token by burst</text>']
    step = 50 if top < 600 else 100
    for ns in range(0, int(top), step):
        parts.append(f'<line x1="70" x2="610" y1="{y(ns):.1f}" y2="{y(ns):.1f}" stroke="#ddd"/>'
                     f'<text x="62" y="{y(ns) + 4:.1f}" text-anchor="end">{ns}</text>')
    parts += [f'<text x="{x(burst):.1f}" y="338" text-anchor="middle">{burst}</text>' for burst in bursts]
    parts.append('<text x="340" y="358" text-anchor="middle">tokens in a burst</text>')
    for i, (name, key, colour) in enumerate(series):
        parts.append(svg_line([(r["burst"], r[key]) for r in found if r.get(key)], x, y, colour))
        parts.append(f'<rect x="{90 + 190 * i}" y="374" width="12" height="12" fill="{colour}"/>'
                     f'<text x="{108 + 190 * i}" y="385">{name}</text>')
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(parts + ["</svg>"]) + "\n")


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        rows = calm([json.loads(line) for line in f])
    if len(sys.argv) == 2:
        print(text(rows))
        return 0
    document = sys.argv[2]
    with open(document, encoding="utf-8") as f:
        before = f.read()
    unknown = set(re.findall(r"<!-- bench (\w+) -->", before)) - set(BLOCKS)
    if unknown:
        raise SystemExit(f"report: {document}: there is no block {', '.join(sorted(unknown))}")
    after = re.sub(r"(<!-- bench (\w+) -->\n).*?(<!-- end -->)",
                   lambda m: m.group(1) + BLOCKS[m.group(2)](rows) + "\n" + m.group(3), before, flags=re.S)
    with open(document, "w", encoding="utf-8") as f:
        f.write(after)
    write_plot(rows, os.path.splitext(document)[0] + ".svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
