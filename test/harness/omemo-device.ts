/** A device with a real double ratchet: a published Signal library, with its stores in memory. */
import { randomInt } from 'node:crypto';
import {
  type Direction,
  type KeyPairType,
  type MessageType,
  KeyHelper,
  SessionBuilder,
  SessionCipher,
  SignalProtocolAddress,
  type StorageType,
} from '@privacyresearch/libsignal-protocol-typescript';
import type { OmemoForDevice } from '../../src/harness/server/event.ts';
import { openOmemoPayload } from '../../src/harness/sealing/omemo-message.ts';

/** What other devices need to start a session. */
export interface Bundle {
  readonly registrationId: number;
  readonly identityKey: ArrayBuffer;
  readonly signedPreKey: { keyId: number; publicKey: ArrayBuffer; signature: ArrayBuffer };
  readonly preKey: { keyId: number; publicKey: ArrayBuffer };
}

/** How the device made sense of one key of a push. */
export type KeyReading = 'message' | 'pre-key';

export interface OmemoDevice {
  readonly jid: string;
  readonly id: number;
  bundle(): Promise<Bundle>;
  /** Starts a session of its own accord. */
  meet(other: OmemoDevice): Promise<void>;
  /** The key material for another device, as it goes into `<key/>`. */
  encrypt(keyMaterial: Uint8Array, other: OmemoDevice): Promise<{ data: string; startsSession: boolean }>;
  /** Decrypts one `<key/>` as the kind of message it is said to be. */
  decrypt(data: string, reading: KeyReading, from: { jid: string; id: number }): Promise<Uint8Array>;
  /** The text of a message, out of what the push carried and nothing else; says how the key was read. */
  open(omemo: OmemoForDevice, sender: string): Promise<{ text: string; reading: KeyReading; key: number } | undefined>;
  /** Sessions and keys, to compare: serialized. */
  snapshot(): string;
}

export async function createOmemoDevice(jid: string, id: number): Promise<OmemoDevice> {
  const identity = await KeyHelper.generateIdentityKeyPair();
  const registrationId = KeyHelper.generateRegistrationId();
  const store = createStore(identity, registrationId);
  const preKeyId = randomInt(1, 10_000);
  const preKey = await KeyHelper.generatePreKey(preKeyId);
  await store.storePreKey(preKeyId, preKey.keyPair);
  const signed = await KeyHelper.generateSignedPreKey(identity, 1);
  await store.storeSignedPreKey(1, signed.keyPair);
  const addressOf = (other: { jid: string; id: number }) => new SignalProtocolAddress(other.jid, other.id);

  const decrypt: OmemoDevice['decrypt'] = async (data, reading, from) => {
    const cipher = new SessionCipher(store, addressOf(from));
    const bytes = Uint8Array.from(Buffer.from(data, 'base64')).buffer;
    return new Uint8Array(
      await (reading === 'pre-key' ? cipher.decryptPreKeyWhisperMessage(bytes) : cipher.decryptWhisperMessage(bytes)),
    );
  };

  return {
    jid,
    id,
    decrypt,
    async bundle() {
      return {
        registrationId,
        identityKey: identity.pubKey,
        signedPreKey: { keyId: 1, publicKey: signed.keyPair.pubKey, signature: signed.signature },
        preKey: { keyId: preKeyId, publicKey: preKey.keyPair.pubKey },
      };
    },
    async meet(other) {
      await new SessionBuilder(store, addressOf(other)).processPreKey(await other.bundle());
    },
    async encrypt(keyMaterial, other) {
      const cipher = new SessionCipher(store, addressOf(other));
      const { type, body = '' }: MessageType = await cipher.encrypt(Uint8Array.from(keyMaterial).buffer);
      return { data: Buffer.from(body, 'latin1').toString('base64'), startsSession: type === 3 };
    },
    async open(omemo, sender) {
      const from = { jid: sender, id: Number(omemo.sid) };
      for (const [key, data] of omemo.keys.entries()) {
        // The push does not say which of the two it is.
        for (const reading of ['message', 'pre-key'] as const) {
          const keyMaterial = await decrypt(data, reading, from).catch(() => undefined);
          const text = keyMaterial && openOmemoPayload(omemo, keyMaterial);
          if (text !== undefined) return { text, reading, key };
        }
      }
      return undefined;
    },
    snapshot: () => store.snapshot(),
  };
}

function createStore(identity: KeyPairType, registrationId: number): StorageType & { snapshot(): string } {
  const preKeys = new Map<string, KeyPairType>();
  const signedPreKeys = new Map<string, KeyPairType>();
  const sessions = new Map<string, string>();
  return {
    getIdentityKeyPair: async () => identity,
    getLocalRegistrationId: async () => registrationId,
    isTrustedIdentity: async (_identifier: string, _key: ArrayBuffer, _direction: Direction) => true,
    saveIdentity: async () => false,
    loadPreKey: async (id) => preKeys.get(String(id)),
    storePreKey: async (id, pair) => void preKeys.set(String(id), pair),
    removePreKey: async (id) => void preKeys.delete(String(id)),
    loadSignedPreKey: async (id) => signedPreKeys.get(String(id)),
    storeSignedPreKey: async (id, pair) => void signedPreKeys.set(String(id), pair),
    removeSignedPreKey: async (id) => void signedPreKeys.delete(String(id)),
    loadSession: async (address) => sessions.get(address),
    storeSession: async (address, record) => void sessions.set(address, record),
    snapshot: () => JSON.stringify([[...preKeys.keys()], [...sessions]]),
  };
}
