"""coverage.py BUILD: which lines of sdk/ and converter/ the tests ran, from the counts that gcov keeps in a build directory.

Prints one line a folder and one for files below the goal; BUILD/uncovered.txt lists every line that nothing ran.
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
GOALS = {"sdk": 95.0, "converter": 90.0}


def lines_of(data):
    """(file, line, count) of one object, for our files."""
    done = subprocess.run(["gcov", "--json-format", "--stdout", data], capture_output=True, text=True, cwd=data.parent)
    found = []
    for report in map(json.loads, done.stdout.splitlines()):
        for file in report["files"]:
            path = (pathlib.Path(report["current_working_directory"]) / file["file"]).resolve()
            if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in GOALS:
                name = str(path.relative_to(ROOT))
                found += [(name, line["line_number"], line["count"]) for line in file["lines"]]
    return found


def main(build):
    counts = collections.defaultdict(dict)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(lines_of, sorted(build.rglob("*.gcda"))):
            for name, line, count in found:
                counts[name][line] = counts[name].get(line, 0) + count
    reached = True
    with open(build / "uncovered.txt", "w") as report:
        for folder, goal in GOALS.items():
            files = {name: lines for name, lines in counts.items() if name.startswith(folder + "/")}
            total = sum(map(len, files.values()))
            covered = sum(count > 0 for lines in files.values() for count in lines.values())
            percent = 100 * covered / max(total, 1)
            reached &= percent >= goal
            print(f"{folder}: {percent:.1f} % of {total} lines (goal {goal:.0f} %)")
            for name, lines in sorted(files.items()):
                missing = sorted(line for line, count in lines.items() if count == 0)
                if missing:
                    source = (ROOT / name).read_text().splitlines()
                    report.writelines(f"{name}:{line}: {source[line - 1]}\n" for line in missing)
                    own = 100 - 100 * len(missing) / len(lines)
                    if own < goal:
                        print(f"  {own:5.1f} % {name}: {len(missing)} lines")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
