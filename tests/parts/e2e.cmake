# e2e: a whole Sahaya on free ports, the sanitized binaries of this build. One at a time: each wants both cores.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
function(sah_e2e name seconds)
  add_test(NAME e2e_${name} COMMAND ${ARGN})
  set_tests_properties(e2e_${name} PROPERTIES TIMEOUT ${seconds} RUN_SERIAL TRUE LABELS e2e
    ENVIRONMENT "SAHAYA_BUILD_DIR=${CMAKE_BINARY_DIR}")
endfunction()

sah_e2e(settings 120 ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/settings.py)
sah_e2e(bad_input 240 ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/bad_input.py)
sah_e2e(kill 300 ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/kill.py --rounds 30)
sah_e2e(two_routers 120 ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/two_routers.py)
sah_e2e(incidents 120 ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/incidents.py)
sah_e2e(check 300 ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/deploy/check.py)
