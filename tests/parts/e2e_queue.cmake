# Replay and admission (tests/e2e/faults_queue.py), shortened. sah_e2e_fault is of e2e_faults.cmake.
sah_e2e_fault(F12 50 --scale 0.05)
sah_e2e_fault(F12-full 75)
