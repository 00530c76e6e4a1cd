# e2e_away: the emergency lane's Redis away and paused (tests/e2e/faults_away.py), shortened.
sah_e2e_fault(F14 30 --scale 0.2)
sah_e2e_fault(F15 25 --rounds 1)
