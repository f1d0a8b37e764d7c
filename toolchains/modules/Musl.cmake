# What builds with the C library musl share: Debian's compiler for LACUNA_MUSL_GNU with the headers, start files and archive
# of its package musl-dev, which `./dev build` unpacks into build/sysroot. Programs are static and start on any Linux. The C++
# library is GNU's for another C library: what is made of its headers alone works, which is all that liblacuna.a takes.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${LACUNA_MUSL_GNU}-gcc)
set(CMAKE_CXX_COMPILER ${LACUNA_MUSL_GNU}-g++)
set(musl ${CMAKE_CURRENT_LIST_DIR}/../../build/sysroot/${LACUNA_MUSL_PRESET}/usr)
get_filename_component(musl ${musl} ABSOLUTE)
set(headers "-isystem ${musl}/include/${LACUNA_MUSL} -isystem include%s")
# As the file of musl-gcc, for any architecture.
set(specs ${musl}/../musl.specs)
file(CONFIGURE OUTPUT ${specs} @ONLY CONTENT "%rename cpp_options old_cpp_options

*cpp_options:
-nostdinc ${headers} %(old_cpp_options)

*cc1:
%(cc1_cpu) -nostdinc ${headers}

*link_libgcc:
-L${musl}/lib/${LACUNA_MUSL} -L .%s

*libgcc:
libgcc.a%s

*startfile:
${musl}/lib/${LACUNA_MUSL}/crt1.o ${musl}/lib/${LACUNA_MUSL}/crti.o

*endfile:
${musl}/lib/${LACUNA_MUSL}/crtn.o

")
file(GLOB cxx LIST_DIRECTORIES ON /usr/${LACUNA_MUSL_GNU}/include/c++/* /usr/include/c++/*)
list(GET cxx 0 cxx)
get_filename_component(version ${cxx} NAME)
set(cxx_target ${cxx}/${LACUNA_MUSL_GNU})
if(NOT EXISTS ${cxx_target})
  set(cxx_target /usr/include/${LACUNA_MUSL_GNU}/c++/${version})
endif()
set(CMAKE_C_FLAGS_INIT "-specs=${specs}")
set(CMAKE_CXX_FLAGS_INIT "-specs=${specs} -nostdinc++ -isystem ${cxx} -isystem ${cxx_target} \"-D__GLIBC_PREREQ(major,minor)=0\" -D__locale_t=locale_t")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -no-pie")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
# The schema compiler's headers are the host's, whose other headers are of another C library.
find_path(host flatbuffers/flatbuffers.h PATHS /usr/include NO_DEFAULT_PATH NO_CACHE)
file(MAKE_DIRECTORY ${musl}/../host)
file(CREATE_LINK ${host}/flatbuffers ${musl}/../host/flatbuffers SYMBOLIC)
set(LACUNA_FLATBUFFERS_INCLUDE ${musl}/../host CACHE PATH "")
