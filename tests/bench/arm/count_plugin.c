// A plugin of qemu's user mode that counts what a program executes:
//   cc -shared -fPIC -O2 count_plugin.c -o count_plugin.so
//   qemu-aarch64 -plugin ./count_plugin.so,out=FILE[,mark=SYMBOL[,intervals=on]] PROGRAM
// FILE has lines with tabs between their fields:
//   block ADDRESS INSTRUCTIONS EXECUTIONS LOADED STORED SYMBOL   of each run of instructions without a branch; bytes
//   mark INSTRUCTIONS                                            executed whenever a function whose name contains
//   SYMBOL starts
// With `intervals`, what was executed since the start or the last mark stands before each mark instead, and no bytes:
//   run ADDRESS INSTRUCTIONS EXECUTIONS
// Programs of one thread alone are counted right. What is declared here is the part of version 1 of qemu's plugin
// interface that is used; not every system has its header.
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { kInlineAdd = 0, kNoRegisters = 0, kReadsAndWrites = 3 };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*translated)(qemu_plugin_id_t, struct qemu_plugin_tb*));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb* tb, int op, void* to, uint64_t number);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb* tb, void (*executed)(unsigned, void*), int flags,
                                          void* data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn* insn,
                                      void (*accessed)(unsigned, qemu_plugin_meminfo_t, uint64_t, void*), int flags,
                                      int rw, void* data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*ends)(qemu_plugin_id_t, void*), void* data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* tb);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb* tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn* insn);
const char* qemu_plugin_insn_symbol(const struct qemu_plugin_insn* insn);
unsigned qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);

extern const int qemu_plugin_version;
const int qemu_plugin_version = 1;

struct Block {
  struct Block* next;  // with the same hash
  uint64_t address;
  uint64_t instructions;
  uint64_t executions;
  uint64_t reported;        // of these, in intervals that ended
  uint64_t loaded, stored;  // bytes
  const char* symbol;
};

enum { kHashes = 1 << 14 };
static struct Block* blocks[kHashes];
static uint64_t executed;
static const char* mark_name;
static uint64_t* marks;
static size_t mark_count, mark_capacity;
static bool intervals;
static FILE* out;

static void* need(void* memory) {
  if (memory == NULL) {
    fputs("count_plugin: out of memory\n", stderr);
    exit(1);
  }
  return memory;
}

// The same block may be translated several times.
static struct Block* find_block(uint64_t address, uint64_t instructions, const char* symbol) {
  struct Block** head = &blocks[address / 4 % kHashes];
  for (struct Block* b = *head; b != NULL; b = b->next) {
    if (b->address == address && b->instructions == instructions) return b;
  }
  struct Block* b = need(calloc(1, sizeof(*b)));
  b->next = *head;
  b->address = address;
  b->instructions = instructions;
  b->symbol = symbol != NULL ? symbol : "?";
  *head = b;
  return b;
}

static void end_interval(void) {
  for (int i = 0; i < kHashes; ++i) {
    for (struct Block* b = blocks[i]; b != NULL; b = b->next) {
      if (b->executions == b->reported) continue;
      fprintf(out, "run\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", b->address, b->instructions,
              b->executions - b->reported);
      b->reported = b->executions;
    }
  }
  fprintf(out, "mark\t%" PRIu64 "\n", executed);
}

static void on_marked(unsigned cpu, void* data) {
  (void)cpu, (void)data;
  if (intervals) {
    end_interval();
    return;
  }
  if (mark_count == mark_capacity) {
    mark_capacity = 2 * mark_capacity + 1024;
    marks = need(realloc(marks, mark_capacity * sizeof(*marks)));
  }
  marks[mark_count++] = executed;
}

static void on_access(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t address, void* data) {
  (void)cpu, (void)address;
  struct Block* b = data;
  const uint64_t bytes = UINT64_C(1) << qemu_plugin_mem_size_shift(info);
  if (qemu_plugin_mem_is_store(info)) {
    b->stored += bytes;
  } else {
    b->loaded += bytes;
  }
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
  (void)id;
  const size_t n = qemu_plugin_tb_n_insns(tb);
  const struct qemu_plugin_insn* first = qemu_plugin_tb_get_insn(tb, 0);
  const char* symbol = qemu_plugin_insn_symbol(first);
  struct Block* b = find_block(qemu_plugin_insn_vaddr(first), n, symbol);
  // A function starts where its symbol does: the first block of it that is translated is the one that was called.
  if (mark_name != NULL && symbol != NULL && strstr(symbol, mark_name) != NULL) {
    static uint64_t entry;
    if (entry == 0) entry = b->address;
    if (b->address == entry) qemu_plugin_register_vcpu_tb_exec_cb(tb, on_marked, kNoRegisters, NULL);
  }
  qemu_plugin_register_vcpu_tb_exec_inline(tb, kInlineAdd, &b->executions, 1);
  qemu_plugin_register_vcpu_tb_exec_inline(tb, kInlineAdd, &executed, n);
  for (size_t i = 0; i < n && !intervals; ++i) {
    qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(tb, i), on_access, kNoRegisters, kReadsAndWrites, b);
  }
}

static void on_end(qemu_plugin_id_t id, void* data) {
  (void)id, (void)data;
  for (int i = 0; i < kHashes && !intervals; ++i) {
    for (const struct Block* b = blocks[i]; b != NULL; b = b->next) {
      fprintf(out, "block\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\n", b->address,
              b->instructions, b->executions, b->loaded, b->stored, b->symbol);
    }
  }
  for (size_t i = 0; i < mark_count; ++i) fprintf(out, "mark\t%" PRIu64 "\n", marks[i]);
  fclose(out);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc, char** argv);
int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc, char** argv) {
  (void)info;
  for (int i = 0; i < argc; ++i) {
    if (strncmp(argv[i], "out=", 4) == 0) {
      out = fopen(argv[i] + 4, "w");
    } else if (strncmp(argv[i], "mark=", 5) == 0) {
      mark_name = argv[i] + 5;
    } else if (strcmp(argv[i], "intervals=on") == 0) {
      intervals = true;
    } else {
      fprintf(stderr, "count_plugin: unknown option %s\n", argv[i]);
      return 1;
    }
  }
  if (out == NULL) {
    fputs("count_plugin: out= must name a file that can be written\n", stderr);
    return 1;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  qemu_plugin_register_atexit_cb(id, on_end, NULL);
  return 0;
}
