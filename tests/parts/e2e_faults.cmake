# e2e_faults: the fault runs of tests/e2e/faults.py, a few rounds each. Only those that judge no short latency: sanitizers slow
# everything down. sah_e2e_fault(NAME seconds options...); an owner of other runs has a file parts/e2e_THEME.cmake of its own.
function(sah_e2e_fault name seconds)
  sah_e2e(fault_${name} ${seconds} ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/faults.py --exact --only ${name} ${ARGN})
  # They wait more than they work, so others run beside them: each has its own ports and folder.
  set_tests_properties(e2e_fault_${name} PROPERTIES SKIP_RETURN_CODE 77 RUN_SERIAL FALSE)
endfunction()

sah_e2e_fault(F2 240 --rounds 6)
sah_e2e_fault(F3 240 --rounds 5)
sah_e2e_fault(F4 240 --rounds 6)
sah_e2e_fault(F8 240 --rounds 2)
sah_e2e_fault(F9 240 --rounds 20)
sah_e2e_fault(F11 240)
sah_e2e_fault(F20 240)
sah_e2e_fault(F14-kill 240 --exact)
