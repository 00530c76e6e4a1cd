# e2e_ops: what an ops engineer does with sahayactl, alone and on a whole Sahaya.
sah_e2e(ctl 60 ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/ctl.py)
set_tests_properties(e2e_ctl PROPERTIES RUN_SERIAL FALSE)
sah_e2e(operator_day 180 ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/operator_day.py)
# Forgotten endpoints (tests/e2e/faults_unsent.py); it waits more than it works.
sah_e2e_fault(F11-forgotten 120)
set_tests_properties(e2e_fault_F11-forgotten PROPERTIES RUN_SERIAL FALSE)
