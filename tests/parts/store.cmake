# store: one contract that the store in memory, a single Redis and a cluster node pass.
add_library(sah_store_contract STATIC
  ${CMAKE_CURRENT_SOURCE_DIR}/contract/store_contract.c ${CMAKE_CURRENT_SOURCE_DIR}/contract/store_contract_queue.c
  ${CMAKE_CURRENT_SOURCE_DIR}/contract/store_contract_timer.c ${CMAKE_CURRENT_SOURCE_DIR}/contract/store_contract_incident.c
  ${CMAKE_CURRENT_SOURCE_DIR}/contract/store_contract_clock.c ${CMAKE_CURRENT_SOURCE_DIR}/contract/store_contract_replay.c
  ${CMAKE_CURRENT_SOURCE_DIR}/contract/store_contract_owner.c ${CMAKE_CURRENT_SOURCE_DIR}/contract/store_contract_known.c
  ${CMAKE_CURRENT_SOURCE_DIR}/contract/store_contract_exact.c
  ${CMAKE_CURRENT_SOURCE_DIR}/contract/store_calls.c)
target_include_directories(sah_store_contract PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/router)
target_link_libraries(sah_store_contract PUBLIC sah_proto sah_base PRIVATE sah_flags PkgConfig::CMOCKA)

sah_test(test_store_memory ${CMAKE_CURRENT_SOURCE_DIR}/contract/test_store_memory.c sah_store_contract sah_memory_store)

add_library(sah_redis_harness STATIC
  ${CMAKE_CURRENT_SOURCE_DIR}/contract/redis_server.c ${CMAKE_CURRENT_SOURCE_DIR}/contract/redis_harness.c)
target_link_libraries(sah_redis_harness PUBLIC redis_process sah_store_contract sah_store PRIVATE sah_flags PkgConfig::CMOCKA)

foreach(kind redis cluster)
  sah_test(test_store_${kind} ${CMAKE_CURRENT_SOURCE_DIR}/contract/test_store_${kind}.c sah_redis_harness)
endforeach()
sah_test(test_store_twins ${CMAKE_CURRENT_SOURCE_DIR}/contract/test_store_twins.c sah_redis_harness sah_memory_store)

# A bench is a program; nothing is asserted about its times.
add_executable(bench_lease ${CMAKE_CURRENT_SOURCE_DIR}/bench/bench_lease.c)
target_link_libraries(bench_lease PRIVATE sah_flags sah_memory_store)
set_target_properties(bench_lease PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
