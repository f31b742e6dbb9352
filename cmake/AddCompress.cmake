# The project's CMake words. A room's CMakeLists.txt is one call or two.

# compress_add_rooms(<folder>...): enters every folder below that has a
# CMakeLists.txt, in name order (a folder with one of its own is entered alone).
function(compress_add_rooms)
  foreach(root ${ARGN})
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${root}/CMakeLists.txt)
      add_subdirectory(${root})
    else()
      file(GLOB rooms RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} CONFIGURE_DEPENDS
           ${root}/*/CMakeLists.txt ${root}/*/*/CMakeLists.txt)
      list(SORT rooms)
      foreach(room ${rooms})
        get_filename_component(dir ${room} DIRECTORY)
        add_subdirectory(${dir})
      endforeach()
    endif()
  endforeach()
endfunction()

# compress_harden(<target>): what an edge binary links meets untrusted bytes.
# Sanitizers check more, and do not go with FORTIFY.
function(compress_harden target)
  target_compile_options(${target} PRIVATE -fstack-protector-strong)
  if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
    target_compile_options(${target} PRIVATE
      $<$<CONFIG:Release>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
  endif()
endfunction()

# add_compress_library(<name> <source>... [CORE] [DEPENDS <target>...] [LINK <library>...])
# Objects of libCompress. CORE libraries see neither LLVM nor MLIR: they are
# also made into a static library <name>Core, for unit tests and the runtime.
function(add_compress_library name)
  cmake_parse_arguments(ARG "CORE" "" "DEPENDS;LINK" ${ARGN})
  add_library(obj.${name} OBJECT ${ARG_UNPARSED_ARGUMENTS})
  set_property(GLOBAL APPEND PROPERTY COMPRESS_OBJECTS obj.${name})
  set_property(GLOBAL APPEND PROPERTY COMPRESS_LINK ${ARG_LINK})
  if(ARG_LINK)
    target_link_libraries(obj.${name} PUBLIC ${ARG_LINK})
  endif()
  if(ARG_CORE)
    compress_harden(obj.${name})
    # What edge binaries link, whose start-up code has no room for sanitizers.
    if(CMAKE_CXX_FLAGS MATCHES "-fsanitize")
      add_library(edge.${name} OBJECT EXCLUDE_FROM_ALL ${ARG_UNPARSED_ARGUMENTS})
      target_compile_options(edge.${name} PRIVATE -fno-sanitize=all)
      target_link_libraries(edge.${name} PUBLIC ${ARG_LINK})
      compress_harden(edge.${name})
    else()
      add_library(edge.${name} ALIAS obj.${name})
    endif()
    foreach(arch ${COMPRESS_CROSS_EDGES})
      add_library(edge.${arch}.${name} OBJECT EXCLUDE_FROM_ALL ${ARG_UNPARSED_ARGUMENTS})
      target_compile_options(edge.${arch}.${name} PRIVATE
        --target=${arch}-linux-gnu -fno-sanitize=all)
      target_link_libraries(edge.${arch}.${name} PUBLIC ${ARG_LINK})
      compress_harden(edge.${arch}.${name})
    endforeach()
    add_library(${name} STATIC $<TARGET_OBJECTS:obj.${name}>)
    if(ARG_LINK)
      target_link_libraries(${name} PUBLIC ${ARG_LINK})
    endif()
  else()
    # Generated headers of every dialect, before any source that may include them.
    add_dependencies(obj.${name} compress-headers)
    target_compile_options(obj.${name} PRIVATE -frtti)
  endif()
  if(ARG_DEPENDS)
    add_dependencies(obj.${name} ${ARG_DEPENDS})
  endif()
endfunction()

if(NOT TARGET compress-headers)
  add_custom_target(compress-headers)
endif()

# compress_tablegen(<file.td> <out.inc> <generator option>... ): one generated header.
function(compress_tablegen td out)
  set(LLVM_TARGET_DEFINITIONS ${td})
  mlir_tablegen(${out} ${ARGN})
  string(MAKE_C_IDENTIFIER "tblgen-${CMAKE_CURRENT_SOURCE_DIR}-${out}" id)
  add_custom_target(${id} DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/${out})
  add_dependencies(compress-headers ${id})
endfunction()

# add_compress_dialect(<File> <mnemonic>): <File>.td's dialect, types, attributes, enums and ops.
function(add_compress_dialect file mnemonic)
  compress_tablegen(${file}Ops.td ${file}Dialect.h.inc -gen-dialect-decls -dialect=${mnemonic})
  compress_tablegen(${file}Ops.td ${file}Dialect.cpp.inc -gen-dialect-defs -dialect=${mnemonic})
  compress_tablegen(${file}Ops.td ${file}Ops.h.inc -gen-op-decls)
  compress_tablegen(${file}Ops.td ${file}Ops.cpp.inc -gen-op-defs)
  compress_tablegen(${file}Ops.td ${file}Types.h.inc -gen-typedef-decls -typedefs-dialect=${mnemonic})
  compress_tablegen(${file}Ops.td ${file}Types.cpp.inc -gen-typedef-defs -typedefs-dialect=${mnemonic})
  compress_tablegen(${file}Ops.td ${file}Attributes.h.inc -gen-attrdef-decls -attrdefs-dialect=${mnemonic})
  compress_tablegen(${file}Ops.td ${file}Attributes.cpp.inc -gen-attrdef-defs -attrdefs-dialect=${mnemonic})
  compress_tablegen(${file}Ops.td ${file}Enums.h.inc -gen-enum-decls)
  compress_tablegen(${file}Ops.td ${file}Enums.cpp.inc -gen-enum-defs)
endfunction()

# The one shared library that tools and plugins link.
function(compress_add_shared_library)
  get_property(objects GLOBAL PROPERTY COMPRESS_OBJECTS)
  get_property(links GLOBAL PROPERTY COMPRESS_LINK)
  set(sources)
  foreach(o ${objects})
    list(APPEND sources $<TARGET_OBJECTS:${o}>)
  endforeach()
  add_library(Compress SHARED ${sources})
  set(lld_libs)
  foreach(l lldELF lldCommon)
    find_library(LIB_${l} ${l} HINTS ${LLVM_LIBRARY_DIR} REQUIRED)
    list(APPEND lld_libs ${LIB_${l}})
  endforeach()
  target_link_libraries(Compress PUBLIC MLIR LLVM PRIVATE ${lld_libs} ${links} Threads::Threads z zstd)
  target_link_options(Compress PRIVATE -Wl,--gc-sections)
  # The sanitizers' own symbols are the executable's.
  if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
    target_link_options(Compress PRIVATE -Wl,-z,defs)
  endif()
endfunction()

# add_compress_tool(<name> <source>...)
function(add_compress_tool name)
  add_executable(${name} ${ARGN})
  add_dependencies(${name} compress-headers)
  target_compile_options(${name} PRIVATE -frtti)
  target_link_libraries(${name} PRIVATE Compress MLIR LLVM)
  set_property(GLOBAL APPEND PROPERTY COMPRESS_TOOLS ${name})
endfunction()

# add_compress_unittest(<name> <source>... [LINK <library>...]): a GoogleTest
# program under bin/unit; lit runs every program there.
function(add_compress_unittest name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  add_dependencies(${name} compress-headers)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/unit)
  target_compile_options(${name} PRIVATE -frtti)
  target_compile_definitions(${name} PRIVATE COMPRESS_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest GTest::gtest_main Threads::Threads)
  set_property(GLOBAL APPEND PROPERTY COMPRESS_UNITTESTS ${name})
endfunction()

# Installs the tools, the library, what out-of-tree dialects and passes include,
# and the package that find_package(Compress) finds.
function(compress_install)
  include(CMakePackageConfigHelpers)
  set(COMPRESS_INSTALL_INCLUDE include)
  set(COMPRESS_INSTALL_BIN bin)
  set(COMPRESS_INSTALL_LIBRARY lib/libCompress.so)
  get_property(tools GLOBAL PROPERTY COMPRESS_TOOLS)
  install(TARGETS Compress ${tools}
    RUNTIME DESTINATION bin LIBRARY DESTINATION lib)
  install(DIRECTORY include/ DESTINATION include FILES_MATCHING PATTERN "*.h")
  foreach(dialects dialects ${CMAKE_CURRENT_BINARY_DIR}/dialects)
    install(DIRECTORY ${dialects}/ DESTINATION include FILES_MATCHING
      PATTERN "*.h" PATTERN "*.td" PATTERN "*.inc"
      PATTERN "CMakeFiles" EXCLUDE)
  endforeach()
  configure_package_config_file(cmake/package/CompressConfig.cmake.in
    ${CMAKE_CURRENT_BINARY_DIR}/CompressConfig.cmake
    INSTALL_DESTINATION lib/cmake/Compress
    PATH_VARS COMPRESS_INSTALL_INCLUDE COMPRESS_INSTALL_BIN COMPRESS_INSTALL_LIBRARY)
  write_basic_package_version_file(
    ${CMAKE_CURRENT_BINARY_DIR}/CompressConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/CompressConfig.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/CompressConfigVersion.cmake
    cmake/package/AddCompressPlugin.cmake
    cmake/package/lit.compress.py
    DESTINATION lib/cmake/Compress)
endfunction()
