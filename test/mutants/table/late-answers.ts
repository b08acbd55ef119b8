import type { Mutant } from '../mutant.ts';

const inStatements = {
  file: 'store/late-answers/statements.ts',
  tests: ['store/late-answers/late-answers.test.ts'],
};

const inStore = {
  file: 'store/late-answers/late-answers.ts',
  tests: ['store/late-answers/late-answers.test.ts'],
};

const inRelay = { file: 'xmpp/link/relay-late-answers.ts', tests: ['xmpp/link/late-answers.test.ts'] };

const inSession = { file: 'xmpp/link/session.ts', tests: ['xmpp/link/late-answers.test.ts'] };

/** Answers that their own connection cannot carry any more: handed over once, sent once, or dropped in time. */
export const lateAnswers: readonly Mutant[] = [
  {
    ...inStatements,
    find: '(service = ${service} AND domain = ${domain})',
    replace: '(domain = ${domain})',
    breaks: 'An answer goes to another XMPP server that has the same domain.',
  },
  {
    ...inStatements,
    find: '(service = ${service} AND domain = ${domain})',
    replace: '(service = ${service})',
    breaks: 'An answer goes out on the link of another domain, and the server ends that stream.',
  },
  {
    ...inStatements,
    find: 'handed_over_at_ms <= ${expiredAtMs}',
    replace: 'handed_over_at_ms < ${expiredAtMs}',
    breaks: 'What nobody asks for is never removed in time.',
  },
  {
    ...inStatements,
    find: 'rows.toSorted((one, other) => one.seq - other.seq)',
    replace: 'rows.toSorted((one, other) => other.seq - one.seq)',
    breaks: 'The newest answers go first.',
  },
  {
    ...inStore,
    find: 'answer.xml.length > limits.length',
    replace: 'answer.xml.length >= limits.length',
    breaks: 'An answer of the greatest length is dropped.',
  },
  {
    ...inStore,
    find: `    if (waiting.length >= limits.answers) return drop([answer], 'full');
`,
    replace: '',
    breaks: 'Memory grows without end while the store hangs.',
    survives: 'Only a store that hangs shows it: otherwise the count of the table drops the same answers.',
  },
  {
    ...inStore,
    find: 'Math.max(0, limits.answers - (await count(db)))',
    replace: 'limits.answers',
    breaks: 'The table grows without end.',
  },
  {
    ...inStore,
    find: `        if (isPutBack) continue;
`,
    replace: '',
    breaks: 'What is put back counts as handed over by this process.',
  },
  {
    ...inStore,
    find: `.filter(({ handed_over_at_ms: atMs }) => !isExpired(atMs))`,
    replace: '',
    breaks: 'An answer is sent after the XMPP server has forgotten what was asked.',
  },
  {
    ...inStore,
    find: 'putBack(answers) {\n      for (const answer of answers) add({ ...answer, isPutBack: true });',
    replace:
      'putBack(answers) {\n      for (const answer of answers) add({ ...answer, handedOverAtMs: clock.now(), isPutBack: true });',
    breaks: 'An answer that cannot be sent stays young for ever.',
  },
  {
    ...inStore,
    find: `storing ??= store()`,
    replace: 'storing = store()',
    breaks: 'Each answer is a statement of its own, and settle waits for the last one alone.',
  },
  {
    ...inRelay,
    find: `      if (status.kind === 'online') names.set`,
    replace: '      names.set',
    breaks: 'A process without a link takes answers that others could send.',
  },
  {
    ...inRelay,
    find: '    if (names.size === 0) return;\n',
    replace: '',
    breaks: 'A process without a link asks the database each second.',
  },
  {
    ...inRelay,
    find: 'link.service === service && link.domain === domain && link.send(xml)',
    replace: 'link.domain === domain && link.send(xml)',
    breaks: 'An answer goes to another XMPP server that has the same domain.',
  },
  {
    ...inRelay,
    find: 'links.some((link) =>',
    replace: 'links.map((link) =>',
    breaks: 'Each connection of a domain sends the answer.',
  },
  {
    ...inRelay,
    find: 'taken.filter((answer) => !send(answer))',
    replace: 'taken.filter((answer) => !send(answer) && false)',
    breaks: 'An answer is lost when its link goes down after it was taken.',
  },
  {
    ...inRelay,
    find: 'if (!isStopped) cancel =',
    replace: 'cancel =',
    breaks: 'The database is asked after the store was closed.',
  },
  {
    ...inSession,
    find: 'isClosing ||= isDraining;',
    replace: '',
    breaks: 'A server that closes first gets no answer to what was under way.',
  },
  {
    ...inSession,
    find: '        handOver?.(xml);\n',
    replace: '',
    breaks: 'What arrives after our closing tag is never answered.',
  },
  {
    ...inSession,
    find: '        lateAnswers += 1;\n',
    replace: '',
    breaks: 'The log says that nothing is unanswered.',
  },
];
