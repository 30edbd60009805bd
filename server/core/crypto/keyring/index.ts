/** Keys of stored data: what other modules may use. */
export type { KeyPurpose } from "#server/core/crypto/keyring/file.ts";
export { KEY_PURPOSES, keyringFile } from "#server/core/crypto/keyring/file.ts";
export type { MasterSecret } from "#server/core/crypto/keyring/master-secret.ts";
export {
  deriveKey,
  masterSecretFile,
  passphrase,
  readMasterSecret,
} from "#server/core/crypto/keyring/master-secret.ts";
export { DEFAULT_ITERATIONS, openKeyring, type Keyring } from "#server/core/crypto/keyring/open.ts";
export { addDataKeys, changeMasterSecret, dropRetiringSlots } from "#server/core/crypto/keyring/rotate.ts";
