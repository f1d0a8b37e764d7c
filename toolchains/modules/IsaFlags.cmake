# The tier of a kernel file is its name; this table maps it to compiler flags.
set(LACUNA_ISA_FLAGS_scalar "")
set(LACUNA_ISA_FLAGS_x86_avx2 -mavx2 -mfma -mf16c -falign-loops=64)
# GCC 12 takes the deliberately undefined operands inside its own AVX-512 intrinsics for our mistake (its bug 105593).
set(LACUNA_ISA_FLAGS_x86_avx512 -mavx2 -mfma -mf16c -falign-loops=64 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized> $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized>)

set(LACUNA_ISA_FLAGS_arm_neonfp16 -march=armv8.2-a+fp16)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^arm" AND CMAKE_SIZEOF_VOID_P EQUAL 4)
  set(LACUNA_ISA_FLAGS_arm_neon -march=armv7-a -mfpu=neon-vfpv4)
  set(LACUNA_ISA_FLAGS_arm_neonfp16 "")
endif()
if(LACUNA_MUSL)  # whose compiler takes LLVM's names of Arm's CPUs alone and leaves vectors of 512 bits out of AVX-512
  list(APPEND LACUNA_ISA_FLAGS_x86_avx512 -mevex512)
  set(LACUNA_ISA_FLAGS_arm_neonfp16 -mcpu=generic+v8_2a+fullfp16)
  if(LACUNA_ISA_FLAGS_arm_neon)
    set(LACUNA_ISA_FLAGS_arm_neon -mcpu=cortex_a7-hwdiv-hwdiv_arm-virtualization)
    set(LACUNA_ISA_FLAGS_arm_neonfp16 "")
  endif()
endif()
# The compilers of LACUNA_AVX512FP16 (sdk/base/isa.h); for others these files are empty.
set(LACUNA_ISA_FLAGS_x86_avx512fp16_emulated ${LACUNA_ISA_FLAGS_x86_avx512})
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU" OR CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12)
  set(LACUNA_ISA_FLAGS_x86_avx512fp16 ${LACUNA_ISA_FLAGS_x86_avx512} -mavx512fp16)
endif()
# Loops with more values than registers, which GCC's first scheduling would spill.
set(LACUNA_ISA_FLAGS_arm_neon_rows ${LACUNA_ISA_FLAGS_arm_neon} $<$<CXX_COMPILER_ID:GNU>:-fno-schedule-insns>)
set(LACUNA_ISA_FLAGS_arm_neonfp16_rows ${LACUNA_ISA_FLAGS_arm_neonfp16} $<$<CXX_COMPILER_ID:GNU>:-fno-schedule-insns>)

# Gives each kernel file its tier's flags and drops files of other architectures from the list `files_var`.
function(lacuna_apply_isa_flags files_var)
  set(kept)
  foreach(file IN LISTS ${files_var})
    get_filename_component(name ${file} NAME_WE)
    if(name MATCHES "^x86_" AND NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
      continue()
    endif()
    if(name MATCHES "^arm_" AND NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm)")
      continue()
    endif()
    if(DEFINED LACUNA_ISA_FLAGS_${name})
      set_source_files_properties(${file} PROPERTIES
        COMPILE_OPTIONS "${LACUNA_ISA_FLAGS_${name}}" SKIP_PRECOMPILE_HEADERS ON)
    endif()
    list(APPEND kept ${file})
  endforeach()
  set(${files_var} ${kept} PARENT_SCOPE)
endfunction()
