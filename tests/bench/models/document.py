"""Tables as text, and docs/benchmarks.md with its plots."""
import os
import re

HELD = "OpenVINO"  # keeps to AVX2 where it is asked to
LACUNA, NATIVE, ONE_THREAD = "Lacuna", "Lacuna for native", "Lacuna, 1 thread"
OURS = [LACUNA, NATIVE, ONE_THREAD]
HEADS = {
    "fp32_native_1t": "One thread",
    "fp32_avx2_native_1t": "One thread, held to AVX2",
    "fp32_generic_1t": "Files for any machine",
    "fp32_native_2t": "Two threads",
    "int8_native_1t": "Sparse fp32 against dense int8",
}
NOTES = {
    "fp32_avx2_native_1t": "The engines that can be asked to keep to AVX2. Where DeepSparse takes as long as in the first table, it does not:\n"
                           "on a machine with full-width AVX-512 its dense runs need more than AVX2 can do. The last column leaves it out.",
    "fp32_generic_1t": "Lacuna's files made with `--target generic`, beside those made for this machine.",
    "int8_native_1t": "The other engine runs the dense network in int8, without AMX.",
}


def ratios(times):
    """The fastest peer of a row, how much longer it takes than Lacuna, and the same for Lacuna's other setting."""
    ours = times[LACUNA]["median_ms"]
    result = {}
    peers = {title: time["median_ms"] for title, time in times.items() if title not in OURS}
    if peers:
        fastest = min(peers, key=peers.get)
        result |= {"fastest_peer": fastest, "ratio": peers[fastest] / ours}
    for title in (NATIVE, ONE_THREAD):
        if title in times:
            result["own_ratio"] = times[title]["median_ms"] / ours
    return result


def columns(table):
    """Titles of the engines that ran in a table: ours first, then in the order of appearance."""
    titles = list(dict.fromkeys(title for row in table["rows"] for title in row["times"]))
    return [title for title in OURS if title in titles] + sorted(title for title in titles if title not in OURS)


def cell(time):
    if time is None:
        return "-"
    return f"{time['median_ms']:.2f} ({time['p10_ms']:.2f} to {time['p90_ms']:.2f})"


def own_head(titles):
    return {NATIVE: "native / generic", ONE_THREAD: "1 / 2 threads"}[next(t for t in OURS[1:] if t in titles)]


def cells(table):
    """The table's heads and rows as texts."""
    titles = columns(table)
    own = any("own_ratio" in row for row in table["rows"])
    held = table["table"]["isa"] == "avx2"
    heads = ["network", *titles, "fastest other / Lacuna", *([own_head(titles)] if own else []),
             *([f"{HELD} / Lacuna"] if held else [])]
    rows = []
    for row in table["rows"]:
        line = [row["network"], *(cell(row["times"].get(title)) for title in titles)]
        line.append(f"{row['ratio']:.2f}" if "ratio" in row else "-")
        line += [f"{row['own_ratio']:.2f}"] if own else []
        if held:
            line.append(f"{row['times'][HELD]['median_ms'] / row['times'][LACUNA]['median_ms']:.2f}"
                        if HELD in row["times"] else "-")
        rows.append(line)
    return heads, rows


def remarks(table):
    """What was left out of a table, and why."""
    lines = [f"{title} was skipped: {reason}." for title, reason in table["skipped"].items()]
    lines += [f"{name} is missing: {reason}." for name, reason in table["missing"].items()]
    lines += [f"{title} did not run {row['network']}: {reason}."
              for row in table["rows"] for title, reason in row["failed"].items()]
    return [line.replace("..", ".") for line in lines]


def text(table):
    """A table for a terminal."""
    heads, rows = cells(table)
    widths = [max(len(line[i]) for line in [heads, *rows]) for i in range(len(heads))]
    lines = ["  ".join([line[0].ljust(widths[0]), *(part.rjust(width) for part, width in zip(line[1:], widths[1:]))])
             for line in [heads, *rows]]
    return "\n".join([*lines, "", "Milliseconds for one run: median (10th to 90th percentile) of the rounds.",
                      *remarks(table), ""])


def markdown(table):
    heads, rows = cells(table)
    lines = [heads, ["---"] + ["--:"] * (len(heads) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


# ------------------------------------------------------------------------------------------------------------- document


def name_of(table):
    """As bench_models.Table.name."""
    parts = table["table"]
    return "_".join(filter(None, ["int8" if parts["int8"] else "fp32", parts["isa"], parts["target"],
                                  f"{parts['threads']}t"]))


def bullets(lines):
    return "\n".join(f"- {line}" for line in lines)


def section(table):
    name = name_of(table)
    parts = [f"## {HEADS.get(name, name)}", NOTES.get(name, ""), markdown(table), bullets(remarks(table)),
             f"{table['date']}, {table['rounds']} rounds of {table['seconds']} s: `{table['command']}`"]
    return "\n\n".join(part for part in parts if part)


def origins(table):
    """Where the networks came from, one line for each way."""
    groups = {}
    for row in table["rows"]:
        groups.setdefault(row["origin"], []).append(row["network"])
    return [f"{origin}: {', '.join(names)}" for origin, names in groups.items()]


def machine_lines(tables):
    """The machine, once: tables of different machines do not stand in one document."""
    machine = tables[0]["machine"]
    priorities = sorted({f"`{table['machine']['priority']}`" for table in tables if table["machine"].get("priority")})
    versions = {title: version for table in tables for title, version in table["versions"].items()}
    return [
        f"CPU: {machine['cpu']}, family/model {machine['family_model']}, {machine['cpus']} CPUs; {machine['system']}",
        *([f"Other programs were busy; all engines ran before them, by {' or '.join(priorities)}"] if priorities else []),
        f"Instruction sets: {', '.join(machine['flags'])}",
        f"Caches: {', '.join(machine['caches'])}",
        f"Engines: {', '.join(f'{title} {version}' for title, version in sorted(versions.items()))}",
    ]


INTRODUCTION = """# Benchmarks

Whole networks, batch 1, in Lacuna and in other engines. This page is written by `./dev bench models --write-docs`; its
plots are in `benchmarks/`.

- A figure is milliseconds for one run: the median of the rounds and, in parentheses, their 10th and 90th percentile. A round
  is some runs of one engine in a row, and its time is their median; engines take turns by rounds.
- Every engine has a process of its own, held to as many cores as it has threads, and is stopped while another is timed.
- The last columns are ratios of medians; more than 1 means that Lacuna is faster.
- A name ends in the per cent of the weights that are zero. First convolutions, depthwise ones and classifiers are dense."""


def write(tables, order, docs):
    """Writes benchmarks.md and its plots into the folder `docs`; `order`: names of the tables that come first."""
    names = [name_of(table) for table in tables]
    tables = [tables[names.index(name)] for name in order if name in names] + \
             [table for table, name in zip(tables, names) if name not in order]
    cpus = {table["machine"]["cpu"] + table["machine"]["family_model"] for table in tables}
    if len(cpus) > 1:
        raise OSError("the stored tables are from different machines; remove the old ones from the results folder")
    plots = plot(tables[0], docs / "benchmarks")
    pictures = "\n".join(f"![{path.stem}: speed over density](benchmarks/{path.name})" for path in plots)
    parts = [INTRODUCTION, "## Machine", bullets(machine_lines(tables)), "## Networks", bullets(origins(tables[0])),
             *([f"## Speed over density\n\n{pictures}"] if plots else []), *map(section, tables)]
    part = docs / "benchmarks.md.part"
    part.write_text("\n\n".join(parts) + "\n")
    os.replace(part, docs / "benchmarks.md")


def curves(table):
    """{network: {engine: [(density in per cent, runs per second)]}} of the networks at more than one sparsity."""
    result = {}
    for row in table["rows"]:
        match = re.fullmatch(r"(.+)_(\d+)", row["network"])
        if match:
            for title, time in row["times"].items():
                points = result.setdefault(match[1], {}).setdefault(title, [])
                points.append((100 - int(match[2]), 1e3 / time["median_ms"]))
    return {name: lines for name, lines in result.items() if any(len(points) > 1 for points in lines.values())}


def plot(table, folder):
    """Writes one SVG for each network of `curves`; returns their paths."""
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "lacuna"  # the same figures give the same file
    from matplotlib import pyplot
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, lines in sorted(curves(table).items()):
        figure, axes = pyplot.subplots(figsize=(6, 3.6), layout="constrained")
        for title in columns(table):
            points = sorted(lines.get(title, []))
            axes.plot(*zip(*points), marker="o", label=title, linewidth=2.5 if title == LACUNA else 1.2) if points else None
        axes.set(title=name, xlabel="weights that are not zero, per cent", ylabel="runs per second", ylim=(0, None))
        axes.set_xscale("log")
        ticks = sorted({x for points in lines.values() for x, _ in points})
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
        paths.append(folder / f"{name}.svg")
        figure.savefig(paths[-1], metadata={"Date": None})
        pyplot.close(figure)
    return paths
