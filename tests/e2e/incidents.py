#!/usr/bin/env python3
"""incidents - several citizens report one fire through signed webhooks: one request, updates with their words.

Environment: SAHAYA_BUILD_DIR, the build whose binaries run (default: build).
"""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import lab  # noqa: E402

LAT, LON = 17.3850, 78.4867
REPORTERS = 6


class Incidents(unittest.TestCase):
    def test_each_word_reaches_101_and_each_state_every_reporter(self):
        with lab.Lab(step_ms=60000) as world:  # nobody closes it meanwhile
            mark = world.mark()
            for i in range(REPORTERS):
                sender = "9190000310%02d" % i
                world.say(sender, "fire in the house, smoke everywhere, seen by number %d" % i)
                world.send_pin(sender, LAT + i * 0.0001, LON)
            world.wait_received(mark, n=1, timeout=10, kind="request", agency="101")

            def bodies():
                return [r["body"] for r in world.received(mark["received"], agency="101")]

            def everybody_is_read():
                text = " ".join(map(str, bodies()))
                return all("seen by number %d" % i in text for i in range(REPORTERS))

            world.wait(everybody_is_read, timeout=30, what="the words of each reporter at 101")

            # Whose place was known at once is told in an update; whose came later has a request of their own there.
            def counted():
                return max([b["report_count"] for b in bodies() if b.get("amendment") == "REPORTS"], default=0)

            world.wait(lambda: counted() == REPORTERS, timeout=30, what="a count of all reporters")


if __name__ == "__main__":
    unittest.main()
