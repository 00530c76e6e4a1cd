"""fault_proxy - stands between the router and the stand-in as one endpoint that misbehaves on request.

Owns:    its port and threads.
Used by: faults.py, which points an endpoint of the roster at it.
Never:   changes a byte of what it passes on: the signature must stay good.
"""
import collections
import contextlib
import http.client
import http.server
import random
import socket
import struct
import threading
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self):
        proxy = self.server.proxy
        with proxy.attempt(self.path.rsplit("/", 1)[-1]):
            self.pass_on(proxy)

    def pass_on(self, proxy):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        proxy.count("seen")
        if proxy.fail_next():
            self.send_response(500)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        up = http.client.HTTPConnection("127.0.0.1", proxy.standin_port, timeout=10)
        up.request("POST", self.path, body, dict(self.headers.items()))
        answer = up.getresponse()
        content = answer.read()
        up.close()
        if proxy.cut_next():
            self.cut(content)
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def cut(self, content):
        """The agency has it and says 200, and the connection breaks inside the answer."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(content) + 20, content[:3]))
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # cut connections are what we are for


class Proxy:
    def __init__(self, standin_port, port=0, cut_share=0.0, seed=1, fail_share=0.0):
        self.standin_port, self.cut_share, self.fail_share = standin_port, cut_share, fail_share
        self.port, self.server, self.thread = port, None, None
        self.under_way, self.begun = collections.Counter(), []  # by agency; (monotonic, agency, how many with it)
        self.chance, self.lock, self.counts = random.Random(seed), threading.Lock(), {"seen": 0, "cut": 0, "failed": 0}

    @contextlib.contextmanager
    def attempt(self, agency):
        with self.lock:
            self.under_way[agency] += 1
            self.begun.append((time.monotonic(), agency, self.under_way[agency]))
        try:
            yield
        finally:
            with self.lock:
                self.under_way[agency] -= 1

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def fail_next(self):
        """500, and nobody behind us has seen it."""
        with self.lock:
            fail = self.chance.random() < self.fail_share
            self.counts["failed"] += fail
            return fail

    def cut_next(self):
        with self.lock:
            cut = self.chance.random() < self.cut_share
            self.counts["cut"] += cut
            return cut

    def up(self):
        for _ in range(50):
            try:
                self.server = Server(("127.0.0.1", self.port), Handler)
                break
            except OSError:
                time.sleep(0.1)
        self.port, self.server.proxy = self.server.server_address[1], self
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def down(self):
        """Nobody listens there any more: connects are refused."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
