# e2e_faults: the fault runs of tests/e2e/faults.py, a few rounds each, with coarse latencies (fault_run.py: the binaries are
# sanitized). sah_e2e_fault(NAME seconds options...): seconds as in e2e.cmake; an owner of other runs has a file
# parts/e2e_THEME.cmake of its own.
function(sah_e2e_fault name seconds)
  sah_e2e(fault_${name} ${seconds} ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/faults.py --exact --only ${name} ${ARGN})
  set_tests_properties(e2e_fault_${name} PROPERTIES SKIP_RETURN_CODE 77)
endfunction()

sah_e2e_fault(F2 15 --rounds 6)
sah_e2e_fault(F3 15 --rounds 5)
sah_e2e_fault(F4 15 --rounds 6)
sah_e2e_fault(F8 30 --rounds 2)
sah_e2e_fault(F9 20 --rounds 20)
sah_e2e_fault(F11 50)
sah_e2e_fault(F20 20)
sah_e2e_fault(F14-kill 40)
# Which lower class went before which P0 is told by times: not beside others.
set_tests_properties(e2e_fault_F8 PROPERTIES RUN_SERIAL TRUE)
