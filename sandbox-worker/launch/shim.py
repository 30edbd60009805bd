"""shim.py FIFO PORT SOCKET: forwards 127.0.0.1:PORT to the run's Unix socket and writes a line to FIFO when it listens.
One process and one thread, as both count against the run's limit; at most one chunk in memory per direction."""
import selectors, signal, socket, sys

CHUNK = 65536
MAX_ENDS = 512  # of the 1,024 file descriptors a process has in the container
ends, selector = set(), selectors.DefaultSelector()

class End:
    """One end of a connection: its socket, what is still to be written to it, and whether it has said its last."""
    def __init__(self, sock):
        sock.setblocking(False)
        self.sock, self.pending, self.ended, self.shut, self.mask = sock, b"", False, False, 0
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
            end.watch(0 if end.ended or end.peer.pending else 1, 2 if end.pending else 0)  # EVENT_READ, EVENT_WRITE
        if self.shut and self.peer.shut:
            self.close()
    def watch(self, read, write):
        if self.mask:
            selector.unregister(self.sock)
        self.mask = read | write
        if self.mask:
            selector.register(self.sock, self.mask, self)
    def close(self):
        for end in (self, self.peer):
            end.watch(0, 0)
            end.sock.close()
            ends.discard(end)

def accept():
    client, gateway = listener.accept()[0], socket.socket(socket.AF_UNIX)
    gateway.setblocking(False)
    one, other = End(client), End(gateway)
    one.peer, other.peer = other, one
    if len(ends) > MAX_ENDS or gateway.connect_ex(path) != 0:
        return one.close()
    one.serve(0)

signal.signal(signal.SIGHUP, signal.SIG_IGN)
fifo, port, path = sys.argv[1:4]
listener = socket.create_server(("127.0.0.1", int(port)), backlog=512)
listener.setblocking(False)
selector.register(listener, selectors.EVENT_READ)
with open(fifo, "w") as ready:
    ready.write("ready\n")
while True:
    for end, mask in [(key.data, mask) for key, mask in selector.select()]:
        try:
            if end is None:
                accept()
            elif end in ends:  # may have been closed by an event before it
                end.serve(mask)
        except BlockingIOError:
            pass
        except OSError:
            if end in ends:
                end.close()
