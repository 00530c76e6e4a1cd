"""faults_kill - processes that die under load (F4).

The stand-in never dies: it is the witness. See fault_run.py for how a run is written.
"""
import time

import fault_run

READY_S = 10  # F4: NORMAL again
RATE = 20  # messages a second


@fault_run.fault("F4", rounds=100)
def f4(run):
    """kill -9 of a Redis under load; what was acknowledged is there, and everything is ready again within 10 s"""
    stream = run.stream(RATE)
    for _ in run.each_round():
        time.sleep(run.chance.uniform(0.05, 0.6))
        victim = run.chance.choice(("redis-emergency", "redis-bulk", "redis-whatsapp"))
        run.worst("ready again after " + victim, run.kill(victim), READY_S)
    time.sleep(0.5)
    run.expect(stream.stop(), "every message was taken in the end (%d said, %d sent again)" % (stream.said, stream.again))
    run.fatal("silent")
    return run.judge()
