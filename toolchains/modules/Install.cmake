# What `cmake --install` puts where: library, header, CMake package, pkg-config file, notices.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS ${LACUNA_PUBLIC_TARGET} EXPORT lacuna_targets COMPONENT lacuna
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/sdk/include/lacuna DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT lacuna)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/THIRD_PARTY_NOTICES.md
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/lacuna COMPONENT lacuna)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/lacuna)
install(EXPORT lacuna_targets NAMESPACE lacuna:: FILE lacuna-targets.cmake DESTINATION ${package_dir} COMPONENT lacuna)
configure_package_config_file(${PROJECT_SOURCE_DIR}/toolchains/modules/lacuna-config.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/lacuna-config.cmake INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
# Until 1.0 a minor version may change the interface.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/lacuna-config-version.cmake
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/lacuna-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/lacuna-config-version.cmake
  DESTINATION ${package_dir} COMPONENT lacuna)

# The pkg-config file finds its prefix from where it lies, so that the tree can be moved.
file(RELATIVE_PATH LACUNA_PREFIX_FROM_PC /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
if(BUILD_SHARED_LIBS)
  set(LACUNA_PC_CFLAGS " -DLACUNA_SHARED")
  set(LACUNA_PC_LIBS "")
else()
  set(LACUNA_PC_CFLAGS "")
  set(LACUNA_PC_LIBS " -pthread -lm")  # a static library's needs are its user's
endif()
configure_file(${PROJECT_SOURCE_DIR}/toolchains/modules/lacuna.pc.in ${CMAKE_CURRENT_BINARY_DIR}/lacuna.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/lacuna.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT lacuna)
