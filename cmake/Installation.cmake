# What `cmake --install` puts under the prefix besides the programs, the client library and its headers (which their own
# folders install): the CMake package `kalam`, kalam-link.pc, the systemd unit, the configuration example and licences.
# Everything finds its neighbours by relative paths, so that the tree can be moved; only the unit names the prefix.

if(KALAM_CLIENTS)
  include(CMakePackageConfigHelpers)
  set(package lib/cmake/kalam)
  install(EXPORT kalam NAMESPACE kalam:: FILE kalamTargets.cmake DESTINATION ${package})
  configure_package_config_file(packaging/kalamConfig.cmake.in ${CMAKE_BINARY_DIR}/packaging/kalamConfig.cmake
                                INSTALL_DESTINATION ${package} NO_SET_AND_CHECK_MACRO)
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/packaging/kalamConfigVersion.cmake
                                   COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_BINARY_DIR}/packaging/kalamConfig.cmake ${CMAKE_BINARY_DIR}/packaging/kalamConfigVersion.cmake
          DESTINATION ${package})
  configure_file(packaging/kalam-link.pc.in ${CMAKE_BINARY_DIR}/packaging/kalam-link.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/packaging/kalam-link.pc DESTINATION lib/pkgconfig)
endif()

install(FILES config.example.toml LICENSE NOTICE README.md COMPAT.md CHANGELOG.md DESTINATION share/doc/kalamdb)
# The prefix is known when it is installed, not before.
install(CODE "
  set(KALAM_PREFIX \"\${CMAKE_INSTALL_PREFIX}\")
  configure_file(\"${CMAKE_SOURCE_DIR}/packaging/kalamdb.service.in\"
                 \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/kalamdb.service\" @ONLY)
  message(STATUS \"Installing: \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/kalamdb.service\")
")
