/* What a static glibc program finds set up by its kernel and its start files, as far as pure functions need it: thread
 * storage, functions chosen for this CPU, tables of characters. And text out of a serial port, and an end. */
#include <elf.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int main(void);
void __ctype_init(void); /* of glibc: tables that its printf reads */

extern const Elf64_Ehdr __ehdr_start;
extern const Elf64_Rela __rela_iplt_start[], __rela_iplt_end[];

/* ------------------------------------------------------------------------------------------------ QEMU's machine virt
 */

static volatile uint32_t* const kUartData = (volatile uint32_t*)0x09000000;

static void print(const char* text) {
  for (; *text != '\0'; ++text) *kUartData = (unsigned char)*text;
}

/* Semihosting's SYS_EXIT: the emulator ends with this code. */
static void end(int code) {
  const uint64_t block[2] = {0x20026, (uint64_t)code}; /* ADP_Stopped_ApplicationExit */
  register uint64_t operation __asm__("x0") = 0x18;
  register const uint64_t* argument __asm__("x1") = block;
  __asm__ volatile("hlt #0xf000" : : "r"(operation), "r"(argument) : "memory");
  for (;;) {
  }
}

int printf(const char* format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  const int length = vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  print(text);
  return length;
}

void trap(uint64_t syndrome, uint64_t at, uint64_t address) {
  printf("trap: syndrome %llx at %llx, address %llx\n", (unsigned long long)syndrome, (unsigned long long)at,
         (unsigned long long)address);
  end(1);
}

/* ------------------------------------------------------------------------------------------------------ the C library
 */

/* What its own start files would bring; none of it is called. */
void _init(void) {}
void _fini(void) {}
void _dl_relocate_static_pie(void) {}

/* Variables of the only thread: a header of two words, then what the program's TLS segment says. */
static __attribute__((aligned(64))) unsigned char thread_storage[4096];

static void make_thread_storage(void) {
  const Elf64_Phdr* segment = (const Elf64_Phdr*)((const char*)&__ehdr_start + __ehdr_start.e_phoff);
  for (int i = 0; i < __ehdr_start.e_phnum; ++i, ++segment) {
    if (segment->p_type != PT_TLS) continue;
    const size_t header = segment->p_align > 16 ? segment->p_align : 16;
    if (header + segment->p_memsz > sizeof(thread_storage)) end(1);
    memcpy(thread_storage + header, (const void*)segment->p_vaddr, segment->p_filesz);
  }
  __asm__ volatile("msr tpidr_el0, %0" : : "r"(thread_storage));
}

/* Functions with variants for several CPUs: asked with no features, each gives the one for all. */
static void choose_functions(void) {
  for (const Elf64_Rela* rela = __rela_iplt_start; rela != __rela_iplt_end; ++rela) {
    uint64_t (*choose)(uint64_t) = (uint64_t(*)(uint64_t))rela->r_addend;
    *(uint64_t*)rela->r_offset = choose(0);
  }
}

void start_c(void) {
  choose_functions();
  make_thread_storage();
  __ctype_init();
  end(main());
}
