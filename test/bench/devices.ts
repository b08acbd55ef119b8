/** Devices registered by Tigase's convention, and the publishes of their XMPP servers. */
import { randomBytes } from 'node:crypto';
import type { Element } from 'ltx';
import { seal, keyBytes } from '../../src/harness/sealing/sealing.ts';
import { type DeviceRow, type ProviderName, providerIds } from './protocol.ts';

/** With the tag it has 900 bytes, which are 1,200 base64 characters. */
const plaintextBytes = 884;

/** Number of server domains, since one server that publishes for many would reach its rate limit. */
const homes = 50;

export interface Device extends Omit<DeviceRow, 'node'> {
  readonly providerId: string;
}

/** A device that can be published to. */
export interface Registered extends DeviceRow {
  /** A publish without its beginning up to the id, sealed for this device. */
  readonly publish: string;
}

/** Makes another device, with a token as its provider issues them. */
export function createDevice(provider: ProviderName, number: number): Device {
  const home = `host-${number % homes}.localhost`;
  return {
    home,
    account: `user-${number}@${home}`,
    providerId: providerIds[provider],
    token:
      provider === 'apns'
        ? randomBytes(32).toString('hex')
        : `${randomBytes(16).toString('base64url')}:APA91b${randomBytes(100).toString('base64url')}`,
  };
}

export function registerStanza(
  { id, from, to }: { readonly id: string; readonly from: string; readonly to: string },
  { providerId, token }: Device,
): string {
  return (
    `<iq type='set' from='${from}' to='${to}' id='${id}'>` +
    `<command xmlns='http://jabber.org/protocol/commands' node='register-device' action='execute'>` +
    `<x xmlns='jabber:x:data' type='submit'>` +
    `<field var='provider'><value>${providerId}</value></field>` +
    `<field var='device-token'><value>${token}</value></field></x></command></iq>`
  );
}

/** The node in an answer to `registerStanza`. */
export function readNode(answer: Element): string | undefined {
  const fields = answer.getChild('command')?.getChild('x')?.getChildren('field') ?? [];
  return fields.find((field) => field.attrs['var'] === 'node')?.getChildText('value') ?? undefined;
}

/** The part of a publish after its id, in Prosody's form. */
export function publishTo(node: string): string {
  const { ciphertext, iv } = seal(randomBytes(plaintextBytes), randomBytes(keyBytes), randomBytes);
  return (
    `'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='${node}'><item>` +
    `<notification xmlns='urn:xmpp:push:0'><encrypted xmlns='tigase:push:encrypt:0' iv='${iv}'>${ciphertext}</encrypted>` +
    `<priority xmlns='tigase:push:priority:0'>high</priority></notification></item></publish></pubsub></iq>`
  );
}
