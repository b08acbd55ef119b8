import type { Mutant } from '../mutant.ts';

const inRequests = { file: 'xmpp/link/requests.ts', tests: ['xmpp/link/requests.test.ts'] };

const inSession = { file: 'xmpp/link/session.ts', tests: ['xmpp/link/link.test.ts', 'xmpp/link/attacks.test.ts'] };

const inLink = { file: 'xmpp/link/link.ts', tests: ['xmpp/link/said.test.ts'] };

/** The link to the XMPP server: how it is made, kept, drained and made anew. */
export const link: readonly Mutant[] = [
  {
    ...inRequests,
    find: `    if (!underWay.delete(entry)) return;
`,
    replace: `    underWay.delete(entry);
`,
    breaks: 'A late handler answers a second time.',
  },
  {
    ...inRequests,
    find: `    options.finished();
`,
    replace: '',
    breaks: 'After an answer nothing more is read until the next second.',
  },
  {
    ...inSession,
    find: `        isStopped = true;
`,
    replace: '        return;\n',
    breaks: 'A busy server finds no moment to end, and so many are told to wait.',
  },
  {
    ...inRequests,
    find: `        if (entry.untilMs > now) break;
`,
    replace: '',
    breaks: 'Every request is answered for its handler within a second.',
  },
  { ...inRequests, find: 'if (underWay.size === 0) idle.resolve();', replace: '', breaks: 'The drain never ends.' },
  {
    ...inRequests,
    find: 'if (underWay.size === 0) idle = Promise.withResolvers();',
    replace: '',
    breaks: 'The drain does not wait for what is under way.',
  },
  {
    ...inRequests,
    find: `for (const entry of underWay) finish(entry, TRY_LATER);
    },
  };`,
    replace: `},
  };`,
    breaks: 'What is under way at the end of the drain is never answered.',
  },
  {
    ...inRequests,
    find: `        options.rejected('malformed');
`,
    replace: '',
    breaks: 'Nobody sees malformed stanzas.',
  },
  {
    ...inRequests,
    find: `if (sorted.kind === 'malformed') options.reply`,
    replace: `if (sorted.kind !== 'unanswerable') options.reply`,
    breaks: 'A skipped result is answered.',
  },
  {
    ...inRequests,
    find: 'untilMs: clock.monotonic() + answerMs',
    replace: 'untilMs: clock.monotonic() + 2 * answerMs',
    breaks: 'A hung request is answered after the server has forgotten it.',
  },
  {
    ...inSession,
    find: 'finished: regulate',
    replace: 'finished: () => {}',
    breaks: 'After an answer nothing more is read until the next second.',
  },
  {
    ...inSession,
    find: ' || stream.unsentBytes > unsentBytes;',
    replace: ';',
    breaks: 'A server that takes no answers makes us hold all of them.',
  },
  {
    ...inSession,
    find: 'underWay >= inFlight || ',
    replace: '',
    breaks: 'Everything that comes is held in memory while a provider hangs.',
  },
  {
    ...inSession,
    find: `    requests.expire();
`,
    replace: '',
    breaks: 'A request whose handler hangs is never answered.',
  },
  {
    ...inSession,
    find: `    else pingsAtOnce = 1;
`,
    replace: '',
    breaks: 'After one silence each ping is 32 pings.',
  },
  {
    ...inSession,
    find: 'else pingsAtOnce = 1',
    replace: 'else pingsAtOnce = 32',
    breaks: 'The first ping is 32 pings.',
  },
  {
    ...inSession,
    find: `if (verdict === 'stalled' || verdict === 'ping-timeout')`,
    replace: `if (verdict === 'ping-timeout')`,
    breaks: 'A server that does not read is waited for, for ever.',
  },
  {
    ...inSession,
    find: 'underWayBytes >= inFlightBytes || ',
    replace: '',
    breaks: 'Long publishes fill the heap while a provider hangs.',
    tests: ['xmpp/link/bytes.test.ts'],
  },
  {
    ...inRequests,
    find: 'underWayBytes -= entry.bytes;',
    replace: '',
    breaks: 'After some megabytes of publishes nothing more is read.',
    tests: ['xmpp/link/bytes.test.ts'],
  },
  {
    ...inLink,
    find: 'reason === saidReason || !mayLog(reason)',
    replace: 'reason === saidReason',
    breaks: 'A link that is lost again and again fills the log.',
  },
  {
    ...inLink,
    find: 'reason === saidReason || !mayLog(reason)',
    replace: '!mayLog(reason)',
    breaks: 'An outage is logged each minute.',
  },
  {
    ...inLink,
    find: 'saidReason !== undefined || !wasOnline',
    replace: 'wasOnline',
    breaks: 'That the link is up is not said.',
  },
];
