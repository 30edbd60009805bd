"""shim.py FIFO PORT SOCKET: forwards 127.0.0.1:PORT to the run's Unix socket and writes a line to FIFO when it listens.
One process and one thread, as both count against the run's limit; at most one chunk in memory per direction."""
import selectors, signal, socket, sys

CHUNK = 65536
MAX_ENDS = 512  # of the 1,024 file descriptors a process has in the container
ends = set()
selector = selectors.DefaultSelector()


class End:
    """One end of a connection: its socket, what is still to be written to it, and whether it has said its last."""
    def __init__(self, sock):
        sock.setblocking(False)
        self.sock, self.peer, self.pending, self.ended, self.shut, self.mask = sock, None, b"", False, False, 0
        ends.add(self)
    def serve(self, mask):
        if self.pending and mask & selectors.EVENT_WRITE:
            self.pending = self.pending[self.sock.send(self.pending):]
        if mask & selectors.EVENT_READ and not self.ended and not self.peer.pending:
            self.peer.pending = self.sock.recv(CHUNK)
            self.ended = not self.peer.pending
        for end in (self, self.peer):
            if end.peer.ended and not end.pending and not end.shut:  # half-close: the other direction goes on
                end.shut = True
                end.sock.shutdown(socket.SHUT_WR)
            end.watch()
        if self.shut and self.peer.shut:
            self.close()
    def watch(self):
        reads = selectors.EVENT_READ if not self.ended and not self.peer.pending else 0
        mask = reads | (selectors.EVENT_WRITE if self.pending else 0)
        if self.mask:
            selector.unregister(self.sock)
        if mask:
            selector.register(self.sock, mask, self)
        self.mask = mask
    def close(self):
        for end in (self, self.peer):
            if end.mask:
                selector.unregister(end.sock)
            end.mask = 0
            end.sock.close()
            ends.discard(end)


def accept(listener, path):
    client, gateway = listener.accept()[0], socket.socket(socket.AF_UNIX)
    gateway.setblocking(False)
    if len(ends) >= MAX_ENDS or gateway.connect_ex(path) != 0:
        client.close()
        gateway.close()
        return
    one, other = End(client), End(gateway)
    one.peer, other.peer = other, one
    one.watch()
    other.watch()


signal.signal(signal.SIGHUP, signal.SIG_IGN)
fifo, port, path = sys.argv[1:4]
listener = socket.create_server(("127.0.0.1", int(port)), backlog=512)
listener.setblocking(False)
selector.register(listener, selectors.EVENT_READ)
with open(fifo, "w") as ready:
    ready.write("ready\n")
while True:
    for key, mask in selector.select():
        try:
            if key.data is None:
                accept(listener, path)
            elif key.data in ends:  # may have been closed by an event before it
                key.data.serve(mask)
        except BlockingIOError:
            pass
        except OSError:
            if key.data in ends:
                key.data.close()
