# io: each test runs the real library on loopback or in a private folder.
foreach(name loop digest http http_client http_server bus redis redis_fake redis_condition)
  sah_test(test_io_${name} ${CMAKE_CURRENT_SOURCE_DIR}/unit/io/test_${name}.c sah_io)
endforeach()
foreach(name redis redis_condition)
  target_link_libraries(test_io_${name} PRIVATE redis_process)
endforeach()
target_link_libraries(test_io_bus PRIVATE PkgConfig::ZMQ) # plays a peer that keeps no rule
