# The adapter skeleton with a real Redis and real buses; the dialog is the tests' own.
set(adapter_world
  ${CMAKE_CURRENT_SOURCE_DIR}/unit/adapter/test_adapter_world.c
  ${CMAKE_CURRENT_SOURCE_DIR}/unit/adapter/test_adapter_dialog.c)
foreach(name take outbox functions handed away)
  sah_test(test_adapter_${name} ${CMAKE_CURRENT_SOURCE_DIR}/unit/adapter/test_adapter_${name}.c
    sah_adapter redis_process PkgConfig::JANSSON)
  target_sources(test_adapter_${name} PRIVATE ${adapter_world})
endforeach()
# A disk in memory that fails and loses power on request.
target_link_libraries(test_adapter_away PRIVATE journal_disk)
