# Target lacuna_jpeg: libjpeg, whose jconfig.h lies in the folder of the architecture where packages come from Debian.
find_package(JPEG REQUIRED)
find_path(LACUNA_JPEG_CONFIG_INCLUDE jconfig.h PATH_SUFFIXES ${CMAKE_LIBRARY_ARCHITECTURE} ${CMAKE_SYSTEM_PROCESSOR}-linux-gnu arm-linux-gnueabihf)
add_library(lacuna_jpeg INTERFACE)
target_link_libraries(lacuna_jpeg INTERFACE JPEG::JPEG)
if(CMAKE_CROSSCOMPILING AND LACUNA_JPEG_CONFIG_INCLUDE)
  target_include_directories(lacuna_jpeg SYSTEM INTERFACE ${LACUNA_JPEG_CONFIG_INCLUDE})
endif()
