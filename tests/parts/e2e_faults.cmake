# e2e_faults: the fault runs of tests/e2e/faults.py, a few rounds each. Only those that judge no short latency: sanitizers slow
# everything down. sah_e2e_fault(NAME seconds options...); an owner of other runs has a file parts/e2e_THEME.cmake of its own.
set(FAULTS_THAT_WAIT F5 F9 F11 F12-full F14 F14-adapter F14-kill F15 F16 F16-real F20)
function(sah_e2e_fault name seconds)
  sah_e2e(fault_${name} ${seconds} ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/faults.py --exact --only ${name} ${ARGN})
  # Those that wait more than they work go on beside others: each has its own ports and folder.
  list(FIND FAULTS_THAT_WAIT ${name} waits)
  set_tests_properties(e2e_fault_${name} PROPERTIES SKIP_RETURN_CODE 77)
  if(waits GREATER_EQUAL 0)
    set_tests_properties(e2e_fault_${name} PROPERTIES RUN_SERIAL FALSE)
  endif()
endfunction()

sah_e2e_fault(F2 240 --rounds 6)
sah_e2e_fault(F3 240 --rounds 5)
sah_e2e_fault(F4 240 --rounds 6)
sah_e2e_fault(F8 240 --rounds 2)
sah_e2e_fault(F9 240 --rounds 20)
sah_e2e_fault(F11 240)
sah_e2e_fault(F20 240)
sah_e2e_fault(F14-kill 240 --exact)
