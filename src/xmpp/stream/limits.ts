/**
 * Limits of one link (XEP-0114): the config keys of `xmpp[].limits` and `xmpp[].timing`. Each default has its reason.
 */
import type { z } from 'zod';
import { inMs, literalValues, section, type ValueKinds } from '../../config/kinds/values.ts';

/** The config section `xmpp[].limits`. */
export function linkLimitsSection(values: ValueKinds) {
  return section({
    stanzaBytes: values
      .count(10_240, 16_777_216, 'bytes')
      .default(65_536)
      .describe(
        'Size of one stanza; a longer one is skipped. The largest sealed publish of any server is below 10 KiB, a summary with a whole message body below 20 KiB.',
      ),
    depth: values
      .count(8, 1_000)
      .default(32)
      .describe('Levels of elements in a stanza, the stanza included. Servers send up to 8.'),
    attributes: values
      .count(8, 1_000)
      .default(32)
      .describe('Attributes of one element, namespace declarations included. Servers send up to 6.'),
    nodes: values.count(64, 100_000).default(1_024).describe('Elements and texts in a stanza. Servers send up to 40.'),
    inFlight: values
      .count(1, 100_000)
      .default(2_000)
      .describe(
        'Requests under way; with this many the link stops reading. The default is four times the concurrency limit of one app, so that apps whose provider hangs leave room for others. Each request takes about 7 KB besides its texts, 14 MB in total.',
      ),
    inFlightBytes: values
      .count(65_536, 999_999_999, 'bytes')
      .default(16_777_216)
      .describe(
        'Memory for the texts of the requests under way, two bytes a character; with this much the link stops reading. Usual publishes of 1,500 characters reach `inFlight` first; with 60,000 characters 140 are under way. An installed server has 28 MB on its heap when idle (38 MB from a checkout), so one connection with these defaults fits into a heap of 96 MB.',
      ),
    unsentBytes: values
      .count(65_536, 268_435_456, 'bytes')
      .default(1_048_576)
      .describe('Size of all answers that the server has not read; with more the link stops reading.'),
  });
}

/** The parsed section. */
export type LinkLimits = Readonly<z.output<ReturnType<typeof linkLimitsSection>>>;

export const LINK_LIMITS: LinkLimits = linkLimitsSection(literalValues).parse({});

/** The config section `xmpp[].timing`, converted to milliseconds. */
export function linkTimingSection(values: ValueKinds) {
  return section({
    connect: values
      .duration('1s', '5m')
      .prefault('5s')
      .describe('Time for TCP connection and TLS handshake. A nearby server needs milliseconds.'),
    header: values
      .duration('1s', '5m')
      .prefault('5s')
      .describe("Time from the connection to the server's stream header."),
    handshake: values
      .duration('1s', '5m')
      .prefault('5s')
      .describe('Time from our handshake to its acknowledgement. A loaded server may take a second.'),
    idle: values
      .duration('1s', '1h')
      .prefault('15s')
      .describe('Silence after which the server is pinged. It is short, so that a dead link costs few notifications.'),
    unconfirmed: values
      .duration('1s', '1h')
      .prefault('5s')
      .describe('Silence after which the server is pinged if something that we wrote may not have arrived.'),
    pong: values
      .duration('1s', '5m')
      .prefault('10s')
      .describe(
        'Silence after the first ping, which is repeated every second, until the connection is given up. So a hung server is detected within `idle` and `pong` together.',
      ),
    retryMax: values
      .duration('1s', '1h')
      .prefault('4s')
      .describe(
        'Longest pause before the next attempt. A pause is a random part of 0.5 s, doubled each time up to this. It is short, so that a restarted server has its link again within 5 s.',
      ),
    refused: values
      .duration('1s', '1h')
      .prefault('30s')
      .describe(
        'First pause after a refusal that an early retry cannot help (wrong secret, unknown host, eviction by another process), doubled each time. A pause is at least half of it, so that two processes with the same domain do not evict each other in turns.',
      ),
    standBy: values
      .duration('1s', '1h')
      .prefault('5s')
      .describe(
        'Longest pause before the next attempt while the server refuses this process because another one has the domain: how long a process that stands by takes to take over. A pause is at least half of it.',
      ),
    refusedMax: values.duration('1s', '1d').prefault('5m').describe('Longest pause after such a refusal.'),
  }).transform((durations) => inMs(durations));
}

/** Waits that cannot be configured, in milliseconds. */
const FIXED_WAITS = {
  /**
   * Time after which an IQ gets `wait` with `internal-server-error`. Delivery answers within 20 s; ejabberd and
   * MongooseIM forget the IQ after 32 s.
   */
  answerMs: 25_000,
  /** How long an ended stream may stay open. */
  closeMs: 2_000,
  /** A connection that lasted this long resets the back-off. */
  stableMs: 10_000,
  /** Back-off after a lost or failed connection starts with a random part of this. */
  retryMs: 500,
};

/** Time limits of one link, in milliseconds. */
export type LinkTiming = Readonly<z.output<ReturnType<typeof linkTimingSection>> & typeof FIXED_WAITS>;

export const LINK_TIMING: LinkTiming = { ...linkTimingSection(literalValues).parse({}), ...FIXED_WAITS };
