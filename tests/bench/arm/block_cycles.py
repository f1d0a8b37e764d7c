"""Modelled cycles of the blocks that count_plugin.c counts: each by itself, in its steady state, all data in L1."""
import re
import subprocess

TURNS = 100


def disassemble(objdump, program):
    """[(address, instruction)], in order."""
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", program], capture_output=True, text=True, check=True).stdout
    return [(int(at, 16), re.sub(r"\s*(<.*|//.*|;.*|@.*)$", "", line).replace("\t", " "))
            for at, line in re.findall(r"^\s+([0-9a-f]+):\s+(.*)$", text, re.M)]


def without_target(line):
    """Branches and addresses of pages have numbers that are the disassembler's way of writing."""
    return re.sub(r"^(b|bl|b\.\w+|adrp? \w+,|cbn?z \w+,|tbn?z \w+, #\d+,) ?(0x)?[0-9a-f]+$", r"\1 0", line.strip())


def mca_cycles(blocks, core):
    """Cycles of one turn of each block, a list of lines, by llvm-mca."""
    blocks = [[without_target(line) for line in block] for block in blocks]
    while True:
        asm, where = [], []
        for b, block in enumerate(blocks):
            asm.append(f"# LLVM-MCA-BEGIN {b}")
            where.append(None)
            for i, line in enumerate(block):
                asm.append(line)
                where.append((b, i))
            asm.append("# LLVM-MCA-END")
            where.append(None)
        done = subprocess.run(["llvm-mca-19", "-mtriple=aarch64", "-mattr=+all", f"-mcpu={core}", f"-iterations={TURNS}"],
                              input="\n".join(asm) + "\n", capture_output=True, text=True)
        unread = {int(n) for n in re.findall(r"<stdin>:(\d+):\d+: error", done.stderr)}
        if not unread:
            break
        for n in unread:  # system registers and the like, which no inner loop has
            b, i = where[n - 1]
            blocks[b][i] = "nop"
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found = re.findall(r"Code Region - (\d+)\n.*?Total Cycles:\s+(\d+)", done.stdout, re.S)
    cycles = [0.0] * len(blocks)
    for b, total in found:
        cycles[int(b)] = int(total) / TURNS
    return cycles


def a7_cycles(line):
    """Of one instruction on a Cortex-A7, which llvm-mca has no model of: floats one a cycle, 8 bytes of vectors, two
    registers of a list, all else one at a time."""
    name, _, operands = line.partition(" ")
    doubles = 0
    for first, last in re.findall(r"\bd(\d+)(?:-d(\d+))?", operands):
        doubles += int(last) - int(first) + 1 if last else 1
    if re.match(r"v(fma|fms|mla|mls|mul|add|sub|max|min|cge|cgt|ceq|cvt|recp|rsqrt)\w*\.[fsu]32", name):
        return 4 if re.search(r"\bq\d", operands) else 2 if doubles else 1
    if re.match(r"v(ld|st|push|pop)", name):
        return max(1, doubles)
    if name.startswith("v"):
        return 2 if re.search(r"\bq\d", operands) else 1
    if re.match(r"(ldm|stm|push|pop|ldrd|strd)", name):
        return max(1, (operands.count(",") + 1) / 2)
    return 1


def cycles_of(keys, program, objdump, core):
    """{(address, instructions): cycles} on a core."""
    code = disassemble(objdump, program)
    index = {at: i for i, (at, _) in enumerate(code)}
    lines = {key: [line for _, line in code[index[key[0]]:index[key[0]] + key[1]]] for key in keys if key[0] in index}
    if core == "cortex-a7":
        return {key: sum(map(a7_cycles, block)) for key, block in lines.items()}
    order = list(lines)
    return dict(zip(order, mca_cycles([lines[key] for key in order], core)))
