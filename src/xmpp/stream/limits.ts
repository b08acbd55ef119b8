/** Keys of `xmpp[].limits` and `xmpp[].timing`: what one link puts up with. Each default has its reason. */
import type { z } from 'zod';
import { inMs, literalValues, section, type ValueKinds } from '../../config/kinds/values.ts';

/** `xmpp[].limits`. */
export function linkLimitsSection(values: ValueKinds) {
  return section({
    stanzaBytes: values
      .count(10_240, 16_777_216, 'bytes')
      .default(65_536)
      .describe(
        'Size of one stanza; a longer one is skipped. The largest sealed publish that any server sends is below 10 KiB, a summary with a whole message body below 20 KiB.',
      ),
    depth: values
      .count(8, 1_000)
      .default(32)
      .describe('Levels of elements in a stanza, itself included. The deepest that servers send has 8.'),
    attributes: values
      .count(8, 1_000)
      .default(32)
      .describe('Attributes of one element, namespace declarations included. Servers send up to 6.'),
    nodes: values.count(64, 100_000).default(1_024).describe('Elements and texts in a stanza. Servers send up to 40.'),
    inFlight: values
      .count(1, 100_000)
      .default(2_000)
      .describe(
        'Requests under way; while there are as many, nothing is read. Four times what one app may have on its way by default, so that apps whose provider hangs leave room for the others. Each takes about 7 KB beside its texts, 14 MB in all.',
      ),
    inFlightBytes: values
      .count(65_536, 999_999_999, 'bytes')
      .default(16_777_216)
      .describe(
        'Memory for the texts of those requests, two bytes a character; while they take as much, nothing is read. Usual publishes of 1,500 characters reach `inFlight` first; with 60,000 characters 140 are under way. A process at rest has 37 MB on its heap, so one connection with these defaults fits into a heap of 96 MB.',
      ),
    unsentBytes: values
      .count(65_536, 268_435_456, 'bytes')
      .default(1_048_576)
      .describe('Size of all answers that the server has not taken off us; while there are more, nothing is read.'),
  });
}

export type LinkLimits = Readonly<z.output<ReturnType<typeof linkLimitsSection>>>;

export const LINK_LIMITS: LinkLimits = linkLimitsSection(literalValues).parse({});

/** `xmpp[].timing`; milliseconds come out. */
export function linkTimingSection(values: ValueKinds) {
  return section({
    connect: values
      .duration('1s', '5m')
      .prefault('5s')
      .describe('Until TCP connection and TLS handshake are done. A server nearby needs milliseconds.'),
    header: values.duration('1s', '5m').prefault('5s').describe("From the connection to the server's stream header."),
    handshake: values
      .duration('1s', '5m')
      .prefault('5s')
      .describe('From our handshake to its acknowledgement. A loaded server may take a second.'),
    idle: values
      .duration('1s', '1h')
      .prefault('15s')
      .describe('Silence before the server is pinged. Short enough that a dead link costs seconds of notifications.'),
    unconfirmed: values
      .duration('1s', '1h')
      .prefault('5s')
      .describe('The same as `idle`, when something that we wrote since then may not have arrived.'),
    pong: values
      .duration('1s', '5m')
      .prefault('10s')
      .describe(
        'Silence from the first ping on until the link is given up; the ping is repeated every second. A server that hangs is noticed after `idle` and `pong` together at the latest.',
      ),
    retryMax: values
      .duration('1s', '1h')
      .prefault('4s')
      .describe(
        'Longest pause before the next attempt. A pause is a random part of 0.5 s, doubled each time up to this. Low, for a server that was restarted is to have its link back within 5 s.',
      ),
    refused: values
      .duration('1s', '1h')
      .prefault('30s')
      .describe(
        'First pause after a refusal that trying again soon cannot mend (conflict, wrong secret, unknown host), doubled each time; at least half of it, for two processes that both want one domain must not throw each other out in turn.',
      ),
    refusedMax: values.duration('1s', '1d').prefault('5m').describe('Longest pause after such a refusal.'),
  }).transform((durations) => inMs(durations));
}

/** Waits that no key changes. Milliseconds. */
const FIXED_WAITS = {
  /**
   * An IQ that is not answered by then gets `wait` and `internal-server-error`. Delivery answers in 20 s, ejabberd and
   * MongooseIM forget after 32 s.
   */
  answerMs: 25_000,
  /** How long a stream that was ended may stay open. */
  closeMs: 2_000,
  /** A connection that held for this long was a good one: the next back-off starts anew. */
  stableMs: 10_000,
  /** Back-off after a lost or failed connection starts with a random part of this. */
  retryMs: 500,
};

/** How long one link waits for what. Milliseconds. */
export type LinkTiming = Readonly<z.output<ReturnType<typeof linkTimingSection>> & typeof FIXED_WAITS>;

export const LINK_TIMING: LinkTiming = { ...linkTimingSection(literalValues).parse({}), ...FIXED_WAITS };
