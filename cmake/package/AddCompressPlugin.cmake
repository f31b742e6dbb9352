# CMake words of projects outside of the tree.

# add_compress_plugin(<name> <source>... [DEPENDS <target>...])
# A library that compress-opt loads with --load-dialect-plugin and
# --load-pass-plugin.
function(add_compress_plugin name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  add_library(${name} MODULE ${ARG_UNPARSED_ARGUMENTS})
  separate_arguments(definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
  target_compile_options(${name} PRIVATE ${definitions} -fno-exceptions)
  target_compile_features(${name} PRIVATE cxx_std_17)
  target_include_directories(${name} PRIVATE
    ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_BINARY_DIR})
  target_link_libraries(${name} PRIVATE Compress::Compress)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# compress_plugin_tablegen(<target> <file.td> [<out.inc> <generator option>...]...)
# Generated headers; each list "out.inc -option…" is one string.
function(compress_plugin_tablegen target td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  foreach(rule ${ARGN})
    separate_arguments(words UNIX_COMMAND "${rule}")
    mlir_tablegen(${words} EXTRA_INCLUDES ${COMPRESS_INCLUDE_DIR} ${MLIR_INCLUDE_DIRS})
  endforeach()
  add_public_tablegen_target(${target})
endfunction()

# add_compress_lit_tests(<target> <folder> [PLUGINS <plugin>...])
# A target that runs lit on a folder of tests. In the tests, %{plugins} loads
# the plugins into compress-opt.
function(add_compress_lit_tests target folder)
  cmake_parse_arguments(ARG "" "" "PLUGINS" ${ARGN})
  set(options "")
  foreach(plugin ${ARG_PLUGINS})
    string(APPEND options " --load-dialect-plugin=$<TARGET_FILE:${plugin}> --load-pass-plugin=$<TARGET_FILE:${plugin}>")
  endforeach()
  get_filename_component(source ${folder} ABSOLUTE)
  set(binary ${CMAKE_CURRENT_BINARY_DIR}/${folder})
  file(GENERATE OUTPUT ${binary}/lit.site.cfg.py CONTENT
"config.name = '${target}'
config.test_source_root = r'${source}'
config.test_exec_root = r'${binary}'
config.compress_tools_dir = r'${COMPRESS_TOOLS_DIR}'
config.llvm_tools_dir = r'${LLVM_TOOLS_BINARY_DIR}'
config.compress_plugins = r'${options}'
lit_config.load_config(config, r'${COMPRESS_LIT_CONFIG}')
")
  add_custom_target(${target}
    COMMAND ${LLVM_TOOLS_BINARY_DIR}/lit -sv ${binary}
    DEPENDS ${ARG_PLUGINS} USES_TERMINAL)
endfunction()
