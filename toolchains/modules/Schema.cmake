# flatc: the host's compiler of FlatBuffers schemas, and the FlatBuffers headers that fit it.
find_program(LACUNA_FLATC flatc REQUIRED)
find_path(LACUNA_FLATBUFFERS_INCLUDE flatbuffers/flatbuffers.h REQUIRED)

# Target `name`: C++ accessors (with object API) of one schema file, included as "<stem>_generated.h".
# Further arguments are schemas that it includes; their accessors are made with it.
function(lacuna_add_schema name schema)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${name})
  set(headers)
  foreach(file IN LISTS schema ARGN)
    get_filename_component(stem ${file} NAME_WE)
    list(APPEND headers ${out}/${stem}_generated.h)
  endforeach()
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE includes)
  add_custom_command(
    OUTPUT ${headers}
    COMMAND ${LACUNA_FLATC} --cpp --scoped-enums --gen-object-api -o ${out} ${CMAKE_CURRENT_SOURCE_DIR}/${schema} ${includes}
    DEPENDS ${schema} ${ARGN}
    COMMENT "flatc ${schema}"
    VERBATIM)
  add_custom_target(${name}_files DEPENDS ${headers})
  add_library(${name} INTERFACE)
  add_dependencies(${name} ${name}_files)
  target_include_directories(${name} SYSTEM INTERFACE ${out} ${LACUNA_FLATBUFFERS_INCLUDE})
endfunction()
