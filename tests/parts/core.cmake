# core: the real core on fakes and simulated time; the link on a real bus in a private folder.
set(core_tests ${CMAKE_CURRENT_SOURCE_DIR}/unit/core)
set(core_lib ${CMAKE_CURRENT_SOURCE_DIR}/lib)

add_library(core_rig STATIC
  ${core_lib}/core_rig.c ${core_lib}/core_rig_world.c ${core_lib}/core_rig_look.c
  ${core_lib}/fake_agencies.c ${core_lib}/fake_adapters.c ${core_lib}/fake_journal.c)
target_include_directories(core_rig PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(core_rig PUBLIC sah_away sah_core sah_memory_store sah_proto PRIVATE sah_flags)

foreach(name intake again dispatch leasing fallback amend status outbox bounds random escalate copies replay admission incident incident_ends)
  sah_test(test_core_${name} ${core_tests}/test_${name}.c core_rig)
endforeach()
sah_test(test_link ${core_tests}/test_link.c core_rig sah_link)

set(away_tests ${CMAKE_CURRENT_SOURCE_DIR}/unit/away)
foreach(name direct back crash moments random)
  sah_test(test_away_${name} ${away_tests}/test_${name}.c core_rig)
endforeach()
