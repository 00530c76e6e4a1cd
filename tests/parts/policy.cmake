# policy: pure tables and functions, each against an expectation written from the design.
foreach(name lifecycle outcome rank route)
  sah_test(test_policy_${name} ${CMAKE_CURRENT_SOURCE_DIR}/unit/policy/test_${name}.c sah_policy)
endforeach()
target_link_libraries(test_policy_route PRIVATE m)
