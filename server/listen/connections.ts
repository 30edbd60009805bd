/** The open connections: how many an address holds, and which to cut when it may no longer be here. */
import type { Socket } from "node:net";
import { addressKey } from "#server/core/http/address.ts";

export interface Connections {
  add(socket: Socket, peer: string): void;
  /** Open connections of an address; an IPv6 /64 network counts as one. */
  countOf(peer: string): number;
  /** Notes on whose behalf a proxy uses its connection now. `socket` is the one of the request, which with TLS is not the one added. */
  usedBy(socket: Socket, client: string, peer: string): void;
  /** Cuts what `refuses` says about the peer, and for forwarded clients about both. @returns the addresses cut. */
  cut(refuses: (peer: string, client: string | undefined) => boolean): Set<string>;
  cutAll(): void;
}

export function createConnections(): Connections {
  const peers = new Map<Socket, string>();
  const counts = new Map<string, number>();
  const forwarded = new Map<Socket, { client: string; peer: string }>();

  function forget(socket: Socket, key: string): void {
    peers.delete(socket);
    const left = (counts.get(key) ?? 0) - 1;
    if (left > 0) {
      counts.set(key, left);
    } else {
      counts.delete(key);
    }
  }

  return {
    add(socket, peer) {
      const key = addressKey(peer);
      peers.set(socket, peer);
      counts.set(key, (counts.get(key) ?? 0) + 1);
      socket.once("close", () => forget(socket, key));
    },
    countOf: (peer) => counts.get(addressKey(peer)) ?? 0,
    usedBy(socket, client, peer) {
      if (!forwarded.has(socket)) {
        socket.once("close", () => forwarded.delete(socket));
      }
      forwarded.set(socket, { client, peer });
    },
    cut(refuses) {
      const addresses = new Set<string>();
      for (const [socket, peer] of peers) {
        if (refuses(peer, undefined)) {
          addresses.add(peer);
          socket.destroy();
        }
      }
      for (const [socket, { client, peer }] of forwarded) {
        if (!socket.destroyed && refuses(peer, client)) {
          addresses.add(client);
          socket.destroy();
        }
      }
      return addresses;
    },
    cutAll() {
      for (const socket of peers.keys()) {
        socket.destroy();
      }
    },
  };
}
