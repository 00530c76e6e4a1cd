# The adapter's fault runs (tests/e2e/faults_adapter.py), shortened. sah_e2e_fault is of e2e_faults.cmake.
sah_e2e_fault(F14-adapter 180 --scale 0.4)
sah_e2e_fault(F2-away 240 --rounds 4)
sah_e2e_fault(F5 240 --scale 0.3)
sah_e2e_fault(F13 300)
