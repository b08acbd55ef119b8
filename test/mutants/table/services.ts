import type { Mutant } from '../mutant.ts';

const inPublish = { file: 'xmpp/services/publish.ts', tests: ['xmpp/services/publish.test.ts'] };

const inComponent = { file: 'xmpp/services/component.ts', tests: ['xmpp/services/component.test.ts'] };

const inCommands = { file: 'xmpp/services/commands.ts', tests: ['conventions/tigase.test.ts'] };

const inDisco = { file: 'xmpp/services/disco.ts', tests: ['xmpp/services/component.test.ts'] };

const inErrors = { file: 'xmpp/services/errors.ts', tests: ['xmpp/services/component.test.ts'] };

const inForm = {
  file: 'xmpp/services/form.ts',
  tests: ['xmpp/services/publish.test.ts', 'conventions/tigase.test.ts'],
};

const inPubsub = { file: 'xmpp/services/pubsub.ts', tests: ['xmpp/services/pubsub.test.ts'] };

const inIq = { file: 'xmpp/services/iq.ts', tests: ['xmpp/link/requests.test.ts', 'xmpp/link/attacks.test.ts'] };

const inRevocation = { file: 'xmpp/services/revocation.ts', tests: ['xmpp/services/revocation.test.ts'] };

/** What is answered over the link. */
export const services: readonly Mutant[] = [
  {
    ...inCommands,
    find: `session === undefined && (action === '' || action === 'execute')`,
    replace: 'false',
    breaks: 'Nobody registers by hand.',
  },
  {
    ...inCommands,
    find: `session === undefined && (action === '' || action === 'execute')`,
    replace: 'true',
    breaks: 'A client that completes without its form is asked for it without end.',
  },
  {
    ...inPublish,
    find: 'CIPHERTEXT_MIN = 17',
    replace: 'CIPHERTEXT_MIN = 16',
    breaks: 'A ciphertext of a tag alone crashes the extension on the phone.',
  },
  {
    ...inPublish,
    find: `iv === undefined || iv === ''`,
    replace: 'iv === undefined',
    breaks: 'A sealed push without IV reaches the phone.',
  },
  { ...inPublish, find: 'last = each;', replace: 'last ??= each;', breaks: 'Of several items the oldest is pushed.' },
  { ...inPublish, find: `attribute(encrypted, 'type') === 'voip'`, replace: 'false', breaks: 'No call rings.' },
  {
    ...inPublish,
    find: `written === 'high' || written === 'low' ? written`,
    replace: `written === 'high' ? written`,
    breaks: 'Low priority is taken for none.',
  },
  {
    ...inPublish,
    find: 'encrypted ? readSealed(encrypted) : readSummary(event)',
    replace: 'readSummary(event)',
    breaks: 'Nothing sealed is delivered, and what stands in clear beside it is.',
  },
  {
    ...inPublish,
    find: `node === undefined || node === ''`,
    replace: 'node === undefined',
    breaks: 'A publish to no node is looked up.',
  },
  {
    ...inPublish,
    find: 'bare.length % 4 === 1 || ',
    replace: '',
    breaks: 'Base64 of a length that cannot be is handed on.',
  },
  { ...inPublish, find: '!BASE64.test(bare)', replace: 'false', breaks: 'What is no base64 is handed on.' },
  {
    ...inPublish,
    find: '(formType(each) ?? NS.pushSummary) === NS.pushSummary',
    replace: 'true',
    breaks: 'A form about something else is read as a summary.',
  },
  {
    ...inPublish,
    find: 'secret !== undefined && { secret: keep(secret) }',
    replace: `false && { secret: detach('') }`,
    breaks: 'No publish carries its secret, and all p2 devices are refused.',
  },
  {
    ...inPublish,
    find: 'pushModule !== undefined && { pushModule: keep(pushModule) }',
    replace: `false && { pushModule: detach('') }`,
    breaks: 'Raw tokens find no app.',
  },
  {
    ...inPublish,
    find: '/^\\s*\\d{1,9}\\s*$/',
    replace: '/^\\s*-?\\d{1,30}\\s*$/',
    breaks: 'A count that is none is a count.',
  },
  {
    ...inPublish,
    find: `.padEnd(Math.ceil(bare.length / 4) * 4, '=')`,
    replace: '',
    breaks: 'Base64 without padding is not opened on the phone.',
  },
  {
    ...inPublish,
    find: `written.replace(/\\s+/g, '')`,
    replace: `written.replace(/\\s/, '')`,
    breaks: 'Base64 in lines is refused.',
  },
  {
    ...inComponent,
    find: 'route?.type === type && route.name === payload.name',
    replace: 'route?.type === type',
    breaks: 'An element of another name is taken for a request that it is not.',
  },
  {
    ...inComponent,
    find: 'route?.type === type && route.name',
    replace: 'route?.name',
    breaks: 'An IQ-get can change something.',
  },
  {
    ...inComponent,
    find: 'handlers.mayCommand?.(bareJid(iq.from)) === false',
    replace: 'false',
    breaks: 'Commands are not limited.',
    tests: ['conventions/tigase.test.ts', 'xmpp/services/component.test.ts'],
  },
  {
    ...inComponent,
    find: 'return answered(answers.malformed)',
    replace: `return { kind: 'result' }`,
    breaks: 'A malformed publish is called delivered.',
  },
  {
    ...inComponent,
    find: `    metrics.publishes.inc({ link: domain, answer });
`,
    replace: '',
    breaks: 'Nobody sees what publishes were answered.',
  },
  {
    ...inComponent,
    find: 'payload.namespace === NS.pubsub || payload.namespace === NS.pubsubOwner',
    replace: 'payload.namespace === NS.pubsub',
    breaks: 'A request to manage a node is answered with what drops registrations.',
    tests: ['xmpp/services/pubsub.test.ts'],
  },
  { ...inCommands, find: '?? String(clock.now())', replace: `?? ''`, breaks: 'The session id of a command is empty.' },
  {
    ...inCommands,
    find: `command.completedStatus ?? 'completed'`,
    replace: `'completed'`,
    breaks: 'Clients of one convention see a status that they do not know.',
    tests: ['conventions/v1.test.ts'],
  },
  {
    ...inCommands,
    find: `case 'prev':
`,
    replace: `case 'back':
`,
    breaks: 'An impossible step back is called malformed.',
  },
  {
    ...inCommands,
    find: `payload: renderCommand(node, sessionId, 'canceled', '')`,
    replace: `payload: renderCommand(node, sessionId, 'completed', '')`,
    breaks: 'A cancelled command is called completed.',
  },
  {
    ...inCommands,
    find: `case 'next':
`,
    replace: '',
    breaks: 'Clients that say next cannot register.',
  },
  {
    ...inCommands,
    find: `node='\${escapeXml(node)}' sessionid='\${escapeXml(sessionId)}'`,
    replace: `node='\${node}' sessionid='\${sessionId}'`,
    breaks: 'A session id with a quote breaks the stream.',
  },
  {
    ...inDisco,
    find: 'if (!command) return UNKNOWN_NODE;',
    replace: 'if (!command) return result(NS.discoInfo, node, list);',
    breaks: 'Any node exists.',
  },
  {
    ...inDisco,
    find: `      NS.encryptAes128Gcm,
`,
    replace: '',
    breaks: 'The cipher is not announced.',
  },
  {
    ...inDisco,
    find: `      NS.push,
`,
    replace: '',
    breaks: 'No client finds a push service here.',
  },
  {
    ...inDisco,
    find: `commands.has(node) ? result(NS.discoItems, node, '') : UNKNOWN_NODE`,
    replace: `result(NS.discoItems, node, '')`,
    breaks: 'Any node has items.',
  },
  {
    ...inDisco,
    find: `jid='\${escapeXml(to)}'`,
    replace: `jid=''`,
    breaks: 'The commands of the list have no address.',
  },
  {
    ...inErrors,
    find: `'internal-server-error': {
    type: 'wait'`,
    replace: `'internal-server-error': {
    type: 'cancel'`,
    breaks: 'Servers drop registrations while the provider is away.',
  },
  {
    ...inErrors,
    find: `'bad-request': {
    type: 'wait'`,
    replace: `'bad-request': {
    type: 'modify'`,
    breaks: 'ejabberd drops the registration of a malformed publish.',
  },
  {
    ...inErrors,
    find: `'item-not-found': {
    type: 'cancel'`,
    replace: `'item-not-found': {
    type: 'wait'`,
    breaks: 'Servers go on publishing to devices that are gone.',
  },
  {
    ...inErrors,
    find: `forbidden: {
    type: 'auth'`,
    replace: `forbidden: {
    type: 'wait'`,
    breaks: 'A server that may not publish goes on.',
  },
  {
    ...inErrors,
    find: `\`<error type='\${type}'><\${condition} xmlns='\${NS.stanzaErrors}'/>\` +
    \`<text xmlns='\${NS.stanzaErrors}' xml:lang='en'>\${text}</text>\` +`,
    replace: `\`<error type='\${type}'><text xmlns='\${NS.stanzaErrors}' xml:lang='en'>\${text}</text>\` +
    \`<\${condition} xmlns='\${NS.stanzaErrors}'/>\` +`,
    breaks: 'Clients look at the first child of an error and find no condition.',
  },
  {
    ...inForm,
    find: ' && !fields.has(name)',
    replace: '',
    breaks: 'Of two fields with one name the last counts.',
    tests: ['xmpp/services/form.test.ts'],
  },
  { ...inForm, find: ` && content !== ''`, replace: '', breaks: 'An empty field is a value.' },
  {
    ...inForm,
    find: `type='\${type}'>\${content}</field>`,
    replace: `type='text-single'>\${content}</field>`,
    breaks: 'Clients see no features and leave sealing off.',
  },
  {
    ...inPubsub,
    find: `  if (!isClient(from)) return 'bad-request';
`,
    replace: '',
    breaks: 'A server that got something wrong drops registrations.',
  },
  {
    ...inPubsub,
    find: `slash !== -1 && from.slice(0, slash).includes('@')`,
    replace: `from.includes('@')`,
    breaks: 'A server that publishes as the account is told what drops registrations.',
  },
  {
    ...inPubsub,
    find: 'namespace === pubsub.namespace && ',
    replace: '',
    breaks: 'An element of another namespace is taken for a request of PubSub.',
  },
  {
    ...inPubsub,
    find: 'pubsub.namespace === NS.pubsubOwner ? OWNER_FEATURES : FEATURES',
    replace: 'FEATURES',
    breaks: `An owner's request is answered with the wrong feature.`,
  },
  {
    ...inIq,
    find: `type === 'result' || type === 'error'`,
    replace: `type === 'result'`,
    breaks: 'An error is answered with an error, for ever.',
  },
  {
    ...inIq,
    find: ' || domainOf(to) !== domainOf(domain)',
    replace: '',
    breaks: 'An answer in the name of another domain ends the stream for everybody.',
  },
  {
    ...inIq,
    find: `if (envelope.length > ENVELOPE_MAX) return { kind: 'unanswerable' };`,
    replace: '',
    breaks: 'An id of 60 KB is sent back.',
  },
  { ...inIq, find: ' || others.length > 0', replace: '', breaks: 'Of two payloads the first is answered.' },
  {
    ...inIq,
    find: `from='\${escapeXml(to)}' to='\${escapeXml(from)}'`,
    replace: `from='\${escapeXml(from)}' to='\${escapeXml(to)}'`,
    breaks: 'Answers are addressed to ourselves.',
  },
  { ...inRevocation, find: `type='headline'`, replace: `type='normal'`, breaks: 'A revocation triggers a push.' },
  {
    ...inRevocation,
    find: 'room !== undefined || ',
    replace: '',
    breaks: 'The account is told about the registration of its room.',
  },
  {
    ...inRevocation,
    find: `affiliation='none'`,
    replace: `affiliation='member'`,
    breaks: 'The server does not end push.',
  },
  { ...inRevocation, find: `account.indexOf('@') < 1`, replace: 'false', breaks: 'A revocation is sent to a domain.' },
];
