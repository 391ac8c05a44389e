# kalam_module(NAME <name> SOURCES ... [HEADERS ...] [TESTS ...] [EXPOSES ...] [USES ...] [EXTERNAL ...])
#
# One folder = one static library = one namespace. What others may see of module `x` is
# `x/include/x/`; its sources and private headers stay unreachable.
#
#   HEADERS   public headers, relative to the module's folder (include/<name>/...)
#   EXPOSES   modules whose types appear in this module's public headers (public link)
#   USES      modules used only by the sources (private link)
#   EXTERNAL  third-party targets, private
#   TESTS     x_test.cc files; each module has one test binary, <name>_test, labelled `unit`
#
# Arrows point down only: a module may name a module that src/CMakeLists.txt added before it. Naming
# one that comes later stops the configuration, so a cycle can't be written. Each public header is
# also compiled alone (target all_verify_interface_header_sets), so that none leans on its includer.

set_property(GLOBAL PROPERTY KALAM_MODULES "")

function(kalam_module)
  cmake_parse_arguments(M "" "NAME" "SOURCES;HEADERS;TESTS;EXPOSES;USES;EXTERNAL" ${ARGN})
  get_property(below GLOBAL PROPERTY KALAM_MODULES)
  foreach(dep IN LISTS M_EXPOSES M_USES)
    if(NOT dep IN_LIST below)
      message(FATAL_ERROR "module '${M_NAME}' uses '${dep}', which is not below it in src/CMakeLists.txt")
    endif()
  endforeach()

  set(target kalam_${M_NAME})
  add_library(${target} STATIC ${M_SOURCES})
  add_library(kalam::${M_NAME} ALIAS ${target})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${M_HEADERS})
  set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  list(TRANSFORM M_EXPOSES PREPEND kalam::)
  list(TRANSFORM M_USES PREPEND kalam::)
  target_link_libraries(${target} PUBLIC ${M_EXPOSES} PRIVATE ${M_USES} ${M_EXTERNAL})

  if(M_TESTS)
    add_executable(${M_NAME}_test ${M_TESTS})
    target_include_directories(${M_NAME}_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${M_NAME}_test PRIVATE ${target} ${M_USES} ${M_EXTERNAL}
                          GTest::gtest GTest::gmock GTest::gtest_main)
    set_target_properties(${M_NAME}_test PROPERTIES
      RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    gtest_discover_tests(${M_NAME}_test TEST_PREFIX "${M_NAME}." DISCOVERY_TIMEOUT 60
                         PROPERTIES LABELS unit TIMEOUT 120)
  endif()

  set_property(GLOBAL APPEND PROPERTY KALAM_MODULES ${M_NAME})
endfunction()
