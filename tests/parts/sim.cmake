# sim: the simulated world, its scenarios, and worlds from seeds with and without planted faults.
set(sim_tests ${CMAKE_CURRENT_SOURCE_DIR}/sim)
set(sim_lib ${CMAKE_CURRENT_SOURCE_DIR}/lib)

add_library(sah_world STATIC
  ${sim_lib}/world.c ${sim_lib}/world_ports.c ${sim_lib}/world_people.c ${sim_lib}/world_check.c
  ${sim_lib}/world_check_flow.c ${sim_lib}/world_agencies.c ${sim_lib}/world_away.c ${sim_lib}/world_check_away.c
  ${sim_lib}/world_watch.c ${sim_lib}/world_end.c ${sim_lib}/world_plant.c)
target_include_directories(sah_world PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(sah_world PUBLIC core_rig PRIVATE sah_flags)

add_executable(sim_random ${sim_tests}/sim_random.c)
target_link_libraries(sim_random PRIVATE sah_flags sah_world)
set_target_properties(sim_random PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
add_test(NAME sim_seeds COMMAND sim_random --seeds 1..20)
add_test(NAME sim_plants COMMAND sim_random --plants --seeds 1..60 --steps 500)
set_tests_properties(sim_seeds sim_plants PROPERTIES TIMEOUT ${SAH_TEST_LIMIT_S})

foreach(story agency_silent_then_back same_caller_presses_five_times cancel_crosses_dispatch
    redis_dies_mid_accept flame_found_while_booking_is_sent two_agencies_one_refuses
    router_dies_with_leases flood_of_bookings_one_heart late_answer_after_the_lease
    adapter_away_then_back agency_takes_and_cuts clocks_jump
    thirty_reporters_one_fire two_arrests_one_tower redis_away_for_a_minute)
  sah_test(sim_${story} ${sim_tests}/${story}.c sah_world)
endforeach()
