# policy: pure tables and functions, each against an expectation written from the design.
foreach(name lifecycle outcome destination pace room rank route escalation health)
  sah_test(test_policy_${name} ${CMAKE_CURRENT_SOURCE_DIR}/unit/policy/test_${name}.c sah_policy)
endforeach()
target_link_libraries(test_policy_route PRIVATE m)
# With the rules as they are deployed, so sah_roster, which reads them.
foreach(name sameness sameness_sender grid)
  sah_test(test_policy_${name} ${CMAKE_CURRENT_SOURCE_DIR}/unit/policy/test_${name}.c sah_roster)
endforeach()
# A bench is a program; nothing is asserted about its times.
add_executable(bench_grid ${CMAKE_CURRENT_SOURCE_DIR}/bench/bench_grid.c)
target_link_libraries(bench_grid PRIVATE sah_flags sah_roster)
set_target_properties(bench_grid PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
