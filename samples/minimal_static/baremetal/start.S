/* Start of a program without an operating system on 64-bit Arm, at EL1: memory management with normal memory (unaligned
 * NEON loads fault in what the CPU takes for device memory, which is all of it before), floating point, a stack. */
        .section .text.start, "ax"
        .globl _start
_start:
        /* Memory types: 0 device, 1 normal write-back. */
        ldr     x0, =0xff00
        msr     mair_el1, x0
        /* 32-bit addresses by 4 KiB pages, so that the first table has an entry for each GiB; walks are cached. */
        ldr     x0, =(32 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23)
        msr     tcr_el1, x0
        adrp    x0, table
        add     x0, x0, :lo12:table
        msr     ttbr0_el1, x0
        isb
        tlbi    vmalle1
        dsb     sy
        isb
        /* On: translation, data and instruction cache. Off: alignment checks. */
        mrs     x0, sctlr_el1
        bic     x0, x0, #2
        mov     x1, #0x1005
        orr     x0, x0, x1
        msr     sctlr_el1, x0
        /* Floating point and NEON do not trap. */
        mov     x0, #(3 << 20)
        msr     cpacr_el1, x0
        isb
        adrp    x0, vectors
        add     x0, x0, :lo12:vectors
        msr     vbar_el1, x0
        adrp    x0, stack_top
        add     x0, x0, :lo12:stack_top
        mov     sp, x0
        mov     x29, xzr
        mov     x30, xzr
        b       start_c

/* Whatever is thrown is fatal. */
        .balign 2048
vectors:
        .rept 16
        .balign 128
        mrs     x0, esr_el1
        mrs     x1, elr_el1
        mrs     x2, far_el1
        b       trap
        .endr

        .section .data
        .balign 4096
table:                                    /* a GiB each: its address, accessed, shareable, memory type, block */
        .quad   0x00000000 | 3 << 53 | 1 << 10 | 0 << 2 | 1 /* devices, from which nothing is executed */
        .quad   0x40000000 | 1 << 10 | 3 << 8 | 1 << 2 | 1  /* RAM */
        .quad   0
        .quad   0
        .fill   508, 8, 0

        .section .bss
        .balign 16
        .skip   256 * 1024
stack_top:
        .section .note.GNU-stack, "", %progbits
