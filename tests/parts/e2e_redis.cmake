# e2e_redis: a Redis that answers wrongly, and real ones that are weak or full (F16 and F16-real).
sah_e2e_fault(F16 45)
sah_e2e_fault(F16-real 60)
