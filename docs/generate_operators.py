#!/usr/bin/env python3
"""Writes docs/operators.md from the one description of each operator.

    python3 docs/generate_operators.py            # writes the page
    python3 docs/generate_operators.py --check    # exit code 1 when the page is not current
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "operators.md"


HOW_READ = """\
## How some of them are read

- **Integers and booleans** that are inputs, or computed from them, are fp32 numbers, as outputs too: booleans 0 and 1, integers up to 2^24, such as the
  tokens of a text. They can be compared, added, multiplied and cast, and rows of a table can be looked up at them (`Gather`, `GATHER` and
  `EMBEDDING_LOOKUP` along dimension 0). Dividing them is refused, and so are sizes and shapes that depend on them.
- **Recurrent layers** (`LSTM`, `GRU`, `RNN`, `UNIDIRECTIONAL_SEQUENCE_LSTM`) become their steps, one behind the other, up to 2048. All steps
  read the same weights, which the file holds once. A layer begins with the state that it is given, or with zeros at every run: state that
  LiteRT would keep between runs is given and taken as input and output. Lengths of sequences are constants, one for the whole batch.
- **`If`, `Loop`, `Scan`, `IF` and `WHILE`** disappear where what decides is known when the model is converted: the branch that is taken, or
  all turns, become part of the program. A loop that goes on until the network has computed something is refused.
- **`Attention`** takes keys and values of earlier runs as inputs and gives them as outputs, with sizes that are known.
""".splitlines()


def attribute_tables(schema):
    """{table: (comment, [(field, type, default, comment)])} of op_attrs.fbs."""
    tables = {}
    for comment, name, body in re.findall(r"((?:///[^\n]*\n)*)table (\w+) \{\n(.*?)\n\}", schema, re.S):
        fields = re.findall(r"^\s*(\w+):([\w\[\]]+)(?:\s*=\s*([-\w.]+))?\s*\([^)]*\);(?:\s*//\s*(.*))?$", body, re.M)
        tables[name] = (" ".join(line.strip("/ ") for line in comment.splitlines()), fields)
    return tables


def enums(schema):
    """{enum: [(member, comment)]}"""
    found = {}
    for name, body in re.findall(r"enum (\w+) : ubyte \{(.*?)\}", schema, re.S):
        members = []
        for line in body.splitlines():
            code, _, comment = line.partition("//")
            names = [re.sub(r"\s*=.*", "", member).strip() for member in code.split(",") if member.strip()]
            members += [(member, comment.strip() if len(names) == 1 else "") for member in names]
        found[name] = members
    return found


def listed(path, pattern):
    text = path.read_text().partition("find_handler(")[0]  # behind it stand hints for what is refused
    return sorted(set(re.findall(pattern, text)), key=str.lower)


def page():
    schema = (ROOT / "sdk/schema/op_attrs.fbs").read_text()
    tables, kinds = attribute_tables(schema), enums(schema)
    lines = ["# Operators", "",
             "Made by `docs/generate_operators.py` from `sdk/schema/op_attrs.fbs`, `kernels/ops/ops.inc` and the importers' lists.",
             "", "## What a program is made of", ""]
    for name in re.findall(r"LACUNA_OP\((\w+),", (ROOT / "kernels/ops/ops.inc").read_text()):
        comment, fields = tables[name + "Attrs"]
        lines += [f"### {name}", "", comment, ""]
        if fields:
            lines += ["| attribute | type | default | meaning |", "| --- | --- | --- | --- |"]
            lines += [f"| `{field}` | `{kind}` | {default or ''} | {text.replace('|', '&#124;')} |"
                      for field, kind, default, text in fields] + [""]
    lines += ["## Kinds", ""]
    for name, members in kinds.items():
        lines.append(f"- **{name}**: " + ", ".join(f"`{m}`" + (f" ({text})" if text else "") for m, text in members))
    for title, path, pattern in (("ONNX", "converter/onnx/onnx_ops.inc", r'LACUNA_ONNX_OP\("(\w+)"'),
                               ("TFLite", "converter/tflite/tflite_ops.cc", r"case BuiltinOperator::(\w+):")):
        names = listed(ROOT / path, pattern)
        lines += ["", f"## Read from {title} ({len(names)})", "", ", ".join(f"`{n}`" for n in names)]
    lines += ["", *HOW_READ]
    return "\n".join(lines) + "\n"


def main():
    text = page()
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text() != text:
            sys.exit("docs/operators.md is not current: run python3 docs/generate_operators.py")
    else:
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
