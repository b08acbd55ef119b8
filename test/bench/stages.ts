/** Sorts the groups of a profile (packages, parts of Node, our own files) into the stages of a push. */

/** The stages in the order in which a push goes through them, then what serves all of them. */
export const stages = [
  'read the stanza',
  'guard, limits, delivery',
  'find the device',
  'compose the request',
  'send it: transport and undici',
  'send it: HTTP/2, TLS and sockets of Node',
  'answer, promises and timers of Node',
  'metrics and log',
  'garbage collector',
  'native code that no function called',
  'other',
] as const;

export type Stage = (typeof stages)[number];

/** The first rule that a group begins with decides. */
const rules: readonly (readonly [beginning: string, stage: Stage])[] = [
  ['src/xmpp', 'read the stanza'],
  ['src/core', 'read the stanza'],
  ['src/store', 'find the device'],
  ['src/nodes', 'find the device'],
  ['kysely', 'find the device'],
  ['pg', 'find the device'],
  ['node sqlite', 'find the device'],
  ['test/bench/floor-devices', 'find the device'],
  ['test/bench/floor-payload', 'compose the request'],
  ['test/bench/floor-sender', 'send it: transport and undici'],
  ['test/bench/floor', 'read the stanza'],
  ['src/providers/transport', 'send it: transport and undici'],
  ['undici', 'send it: transport and undici'],
  ['src/providers', 'compose the request'],
  ['src/delivery', 'guard, limits, delivery'],
  ['src/sending', 'guard, limits, delivery'],
  ['src/guard', 'guard, limits, delivery'],
  ['src/conventions', 'guard, limits, delivery'],
  ['src/server.ts', 'guard, limits, delivery'],
  ['src/time', 'guard, limits, delivery'],
  ['src/telemetry', 'metrics and log'],
  ['prom-client', 'metrics and log'],
  ['pino', 'metrics and log'],
  ['node http2', 'send it: HTTP/2, TLS and sockets of Node'],
  ['node tls', 'send it: HTTP/2, TLS and sockets of Node'],
  ['node _tls', 'send it: HTTP/2, TLS and sockets of Node'],
  ['node net', 'send it: HTTP/2, TLS and sockets of Node'],
  ['node stream', 'send it: HTTP/2, TLS and sockets of Node'],
  ['node buffer', 'send it: HTTP/2, TLS and sockets of Node'],
  ['node js_stream_socket', 'send it: HTTP/2, TLS and sockets of Node'],
  ['node ', 'answer, promises and timers of Node'],
  ['(garbage collector)', 'garbage collector'],
  ['(program)', 'native code that no function called'],
];

/** The stage of a group of `countSamples`. */
export function stageOf(group: string): Stage {
  return rules.find(([beginning]) => group.startsWith(beginning))?.[1] ?? 'other';
}

/**
 * Microseconds of each stage, in the order of `stages`.
 * @param groups samples by group
 * @param microsPerSample microseconds per push that one sample stands for
 */
export function stagesOf(groups: ReadonlyMap<string, number>, microsPerSample: number): ReadonlyMap<Stage, number> {
  const sums = new Map<Stage, number>(stages.map((stage) => [stage, 0]));
  for (const [group, samples] of groups) {
    const stage = stageOf(group);
    sums.set(stage, (sums.get(stage) ?? 0) + samples * microsPerSample);
  }
  return sums;
}
