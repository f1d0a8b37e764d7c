/* The .lcn file as read-only memory of the program. */
        .section .rodata
        .balign 64
        .globl model
model:
        .incbin MODEL_FILE
        .globl model_end
model_end:
        .byte 0
        .section .note.GNU-stack, "", %progbits
