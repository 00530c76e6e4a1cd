"""fake_redis - stands between a program and its real Redis on a unix socket and answers as a sick Redis would, on request.

Owns:    its socket and threads.
Used by: tests/e2e/faults_redis.py. Standard library only.
Never:   changes what it passes on while it is well; sends a late answer on a connection that once was silent or broken.

    fake = FakeRedis("/tmp/x/real.sock", "/tmp/x/fake.sock").up()
    fake.error("OOM command not allowed when used memory > 'maxmemory'.")   # to each command; nothing reaches Redis
    fake.error("OOM ...", calls_only=True)      # to each FCALL and EVAL; what is asked about the server is answered
    fake.garbage(b"HTTP/1.1 400 Bad Request\\r\\n\\r\\n")   # a call is done or not, by chance; this is its answer
    fake.half()                                 # half of the true answer, then silence
    fake.cut()                                  # half of the true answer, then the end of the connection
    fake.silent()                               # takes everything, answers nothing
    fake.well()
"""
import os
import random
import socket
import threading

CALLS = (b"FCALL", b"FCALL_RO", b"EVAL", b"EVALSHA")


def read_exactly(file, n):
    data = file.read(n)
    if len(data) != n:
        raise EOFError
    return data


def read_item(file):
    """One command or reply of the protocol, as its bytes; nested ones whole."""
    line = file.readline()
    if not line.endswith(b"\r\n"):
        raise EOFError
    kind, rest = line[:1], line[1:-2]
    if kind == b"$" and int(rest) >= 0:
        return line + read_exactly(file, int(rest) + 2)
    if kind == b"*" and int(rest) > 0:
        return line + b"".join(read_item(file) for _ in range(int(rest)))
    return line


def first_word(command):
    return command.split(b"\r\n", 3)[2].upper() if command.startswith(b"*") else command.split()[0].upper()


class FakeRedis:
    def __init__(self, real, path, seed=1):
        self.real, self.path, self.chance = real, path, random.Random(seed)
        self.lock, self.how, self.what, self.calls_only = threading.Lock(), "well", b"", True
        self.counts, self.server, self.open = {"commands": 0, "wrong": 0}, None, set()

    # -- what it does from now on

    def be(self, how, what=b"", calls_only=True):
        with self.lock:
            self.how, self.what, self.calls_only = how, what, calls_only
        return self

    def well(self):
        return self.be("well")

    def error(self, text, calls_only=False):
        return self.be("error", b"-" + text.encode() + b"\r\n", calls_only)

    def garbage(self, what=b"HTTP/1.1 400 Bad Request\r\n\r\n"):
        return self.be("garbage", what)

    def half(self):
        return self.be("half")

    def cut(self):
        return self.be("cut")

    def silent(self):
        return self.be("silent", calls_only=False)

    # -- life

    def up(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.path)
        os.chmod(self.path, 0o600)
        self.server.listen(64)
        threading.Thread(target=self.take, args=(self.server,), daemon=True).start()
        return self

    def down(self):
        """Nobody listens there any more; connections break."""
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        os.unlink(self.path)
        with self.lock:
            open_now = list(self.open)
        for one in open_now:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def take(self, server):
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with self.lock:
                self.open.add(client)
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        upstream = socket.socket(socket.AF_UNIX)
        try:
            upstream.connect(self.real)
            self.pass_on(client, client.makefile("rb"), upstream, upstream.makefile("rb"))
        except (OSError, EOFError, ValueError, IndexError):
            pass
        finally:
            with self.lock:
                self.open.discard(client)
            client.close()
            upstream.close()

    def pass_on(self, client, commands, upstream, replies):
        while True:
            command = read_item(commands)
            with self.lock:
                how, what = self.how, self.what
                wrong = how != "well" and (not self.calls_only or first_word(command) in CALLS)
                done = not wrong or (how != "error" and self.chance.random() < 0.5)
                self.counts["commands"] += 1
                self.counts["wrong"] += wrong
            reply = b""
            if done:
                upstream.sendall(command)
                reply = read_item(replies)
            if not wrong:
                client.sendall(reply)
            elif how == "error":
                client.sendall(what)
            else:
                client.sendall({"garbage": what, "silent": b""}.get(how, (reply or b"$40\r\nabcdefgh")[:-3]))
                if how == "cut":
                    return
                while client.recv(65536):  # mute until the other side gives up
                    pass
                return
