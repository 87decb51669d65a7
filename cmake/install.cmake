# `cmake --install BUILD --prefix /usr` (or DESTDIR=...): what config/rendezvous.service starts.
include(GNUInstallDirs)
install(TARGETS rendezvous RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/web ${PROJECT_SOURCE_DIR}/migrations
  DESTINATION ${CMAKE_INSTALL_DATADIR}/rendezvous
  PATTERN node_modules EXCLUDE
  PATTERN "tsconfig.json" EXCLUDE
  PATTERN "package*.json" EXCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/config/rendezvous.toml
  DESTINATION ${CMAKE_INSTALL_DATADIR}/rendezvous)
install(FILES ${PROJECT_SOURCE_DIR}/config/rendezvous.service ${PROJECT_SOURCE_DIR}/config/rendezvous.socket
  DESTINATION lib/systemd/system)
