# The adapter's fault runs (tests/e2e/faults_adapter.py), shortened. sah_e2e_fault is of e2e_faults.cmake.
sah_e2e_fault(F14-adapter 20 --scale 0.4)
sah_e2e_fault(F2-away 15 --rounds 4)
sah_e2e_fault(F5 25 --scale 0.3)
sah_e2e_fault(F13 30)
