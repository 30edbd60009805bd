"""Carries connections to 127.0.0.1:PORT over to the socket of the run: shim.py READY-FIFO PORT SOCKET.

A container without a network has a loopback interface all the same; programs speak HTTP to it. One process, one thread.
"""
import asyncio
import signal
import sys

CHUNK = 65536


async def carry(reader, writer):
    """One direction, to its end; then the other side hears of the end, and may go on sending."""
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.transport.abort()


async def main(ready, port, path):
    async def connected(reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_unix_connection(path)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))
        far_writer.close()
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port, backlog=128)
    with open(ready, "w", encoding="ascii") as fifo:
        fifo.write("ready\n")
    async with server:
        await server.serve_forever()


signal.signal(signal.SIGHUP, signal.SIG_IGN)
asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
