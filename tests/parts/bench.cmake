# bench: the load generator and the preloader for tests/bench and tests/e2e/faults.py, and the
# checker's own test.
add_library(bench_common STATIC
  ${CMAKE_CURRENT_SOURCE_DIR}/bench/mix.c ${CMAKE_CURRENT_SOURCE_DIR}/bench/options.c)
target_include_directories(bench_common PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/bench)
target_link_libraries(bench_common PUBLIC sah_base PRIVATE sah_flags)

add_executable(bench_load ${CMAKE_CURRENT_SOURCE_DIR}/bench/load.c)
target_link_libraries(bench_load PRIVATE sah_flags bench_common sah_io)
add_executable(bench_preload ${CMAKE_CURRENT_SOURCE_DIR}/bench/preload.c)
target_link_libraries(bench_preload PRIVATE sah_flags bench_common sah_store sah_proto sah_io)
set_target_properties(bench_load bench_preload PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)

add_test(NAME history_checker COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/test_history.py)
set_tests_properties(history_checker PROPERTIES TIMEOUT 60 ENVIRONMENT "SAHAYA_BUILD_DIR=${CMAKE_BINARY_DIR}")

# An adapter that starts on a journal full of open messages; the figures are in bench/README.md.
add_executable(bench_kept ${CMAKE_CURRENT_SOURCE_DIR}/bench/bench_kept.c)
target_link_libraries(bench_kept PRIVATE sah_flags sah_adapter redis_process)
set_target_properties(bench_kept PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
# Small and sanitized: that nothing in it grows with the square of what waits.
add_test(NAME cost_kept COMMAND bench_kept ${PROJECT_SOURCE_DIR}/adapters/common/phrases 5000 2 500)
set_tests_properties(cost_kept PROPERTIES TIMEOUT 120)
