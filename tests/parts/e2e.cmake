# e2e: a whole Sahaya on free ports, the sanitized binaries of this build. They are about what happens, not about how fast, and
# wait longer on a slow machine: so several may run at once, beside the rest; each has its own ports and folder.
# sah_e2e(NAME seconds command...): seconds is what it takes on two idle cores. The longest begin first; one that takes ten
# times that hangs.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
function(sah_e2e name seconds)
  math(EXPR limit "300 + 10 * ${seconds}")
  add_test(NAME e2e_${name} COMMAND ${ARGN})
  set_tests_properties(e2e_${name} PROPERTIES TIMEOUT ${limit} COST ${seconds} LABELS e2e
    ENVIRONMENT "SAHAYA_BUILD_DIR=${CMAKE_BINARY_DIR};PYTHONDONTWRITEBYTECODE=1")
endfunction()

sah_e2e(settings 2 ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/settings.py)
sah_e2e(bad_input 5 ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/bad_input.py)
sah_e2e(kill 40 ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/kill.py --rounds 30)
sah_e2e(two_routers 10 ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/two_routers.py)
sah_e2e(incidents 15 ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/incidents.py)
sah_e2e(check 25 ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/deploy/check.py)
