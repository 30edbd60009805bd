/** What channels need of the process beside the gateway's pipeline. */
import type { ConnectionStore } from "#server/channels/connections.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import type { NotifyHub } from "#server/core/db/notify.ts";
import type { GatewayServices } from "#server/gateway/index.ts";

export interface ChannelServices extends GatewayServices {
  connections: ConnectionStore;
  keyring: Keyring;
  notify: NotifyHub;
}
