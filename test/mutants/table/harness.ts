import type { Mutant } from '../mutant.ts';

const inJudge = { file: 'harness/runner/judge.ts', tests: ['harness/runner/judge.test.ts'] };

const inLeaks = {
  file: 'harness/runner/leaks.ts',
  tests: ['harness/runner/judge.test.ts', 'harness/runner/player.test.ts'],
};

const inConclusion = { file: 'harness/runner/conclusion.ts', tests: ['harness/runner/player.test.ts'] };

const inPlayer = { file: 'harness/runner/player.ts', tests: ['harness/runner/player.test.ts'] };

const inDevice = { file: 'harness/clients/device.ts', tests: ['harness/clients/device.test.ts'] };

const inSiskinPayloads = { file: 'harness/clients/siskin-payloads.ts', tests: ['harness/clients/device.test.ts'] };

const inOpening = {
  file: 'harness/sealing/opening.ts',
  tests: ['harness/sealing/sealing.test.ts', 'harness/clients/device.test.ts'],
};

const inReport = { file: 'harness/demo/report.ts', tests: ['harness/demo/report.test.ts'] };

const inTerminal = {
  file: 'harness/report/terminal.ts',
  tests: ['harness/report/terminal.test.ts', 'harness/demo/report.test.ts'],
};

/** What the harness finds out about a server: what it lets pass, vendors take for right. */
export const harness: readonly Mutant[] = [
  {
    ...inJudge,
    find: 'lifetimeSlackS = 10',
    replace: 'lifetimeSlackS = 10_000',
    breaks: 'A push that lives hours too long passes.',
  },
  {
    ...inJudge,
    find: `message['notification'] !== undefined || `,
    replace: '',
    breaks: 'A component whose pushes Android shows by itself passes.',
  },
  {
    ...inJudge,
    find: ` || android['notification'] !== undefined`,
    replace: '',
    breaks: 'A component whose pushes Android shows by itself passes, if it says so for Android.',
  },
  {
    ...inJudge,
    find: `differ('its token', expected.to ?? 'first', context.placeOf(push));`,
    replace: '',
    breaks: 'A component that sends calls to the wrong token passes.',
  },
  {
    ...inJudge,
    find: '(expected.status ?? 200) === 200) {',
    replace: 'false) {',
    breaks: 'That a provider refuses a push is told without its reason.',
  },
  {
    ...inJudge,
    find: `  } else differ('the provider’s answer', expected.status ?? 200, push.status);`,
    replace: '  }',
    breaks: 'A component whose pushes are refused passes.',
  },
  {
    ...inJudge,
    find: `differ('apns-topic', `,
    replace: `differ('apns-topic', undefined, undefined && `,
    breaks: 'A component that pushes to the wrong topic passes.',
  },
  {
    ...inJudge,
    find: `differ('mutable-content', wanted === 'alert' ? 1 : undefined`,
    replace: `differ('mutable-content', aps['mutable-content']`,
    breaks: 'A component whose messages no extension opens passes.',
  },
  {
    ...inJudge,
    find: `differ('content-available', wanted === 'background' ? 1 : undefined`,
    replace: `differ('content-available', aps['content-available']`,
    breaks: 'A component whose messages are shown twice passes.',
  },
  {
    ...inJudge,
    find: `differ('apns-priority', kind.priority`,
    replace: `differ('apns-priority', headers['apns-priority']`,
    breaks: 'A component whose background pushes Apple refuses passes.',
  },
  {
    ...inJudge,
    find: 'push.bytes < atLeast || push.bytes > atMost',
    replace: 'push.bytes < atLeast',
    breaks: 'A component that sends too much passes.',
  },
  {
    ...inJudge,
    find: 'return more > 0 ? [',
    replace: 'return false ? [',
    breaks: 'A component that pushes twice passes.',
  },
  {
    ...inJudge,
    find: 'if (!push) return [`${ordinal} did not come`];',
    replace: 'if (!push) return [];',
    breaks: 'A component that loses pushes passes.',
  },
  {
    ...inJudge,
    find: `if (expected.sameId) differ('apns-id', context.previous?.headers['apns-id'], id);`,
    replace: '',
    breaks: 'A push that is sent again under another id passes.',
  },
  {
    ...inJudge,
    find: '!expected.sameId && id !== undefined && context.previous?.status === 200',
    replace: 'false',
    breaks: 'Two pushes with one id pass.',
  },
  {
    ...inJudge,
    find: 'const previous = pushes[index - 1] ?? context.previous',
    replace: 'const previous = context.previous',
    breaks: 'Two pushes of one step with one id pass.',
  },
  {
    ...inJudge,
    find: 'wanted === 0 ? actual === 0 :',
    replace: '',
    breaks: 'A call that may come ten seconds late passes.',
  },
  {
    ...inJudge,
    find: `typeof value !== 'string') ?? []`,
    replace: 'false) ?? []',
    breaks: 'A component that sends FCM numbers passes.',
  },
  {
    ...inJudge,
    find: `differ('collapse_key', expected.collapseKey, android['collapse_key']);`,
    replace: '',
    breaks: 'Pushes that displace each other pass.',
  },
  {
    ...inJudge,
    find: 'isDeepStrictEqual(actual[name] ?? null, value)',
    replace: 'actual[name] === undefined || isDeepStrictEqual(actual[name], value)',
    breaks: 'A field that is missing from the JSON passes.',
  },
  { ...inJudge, find: 'actual[name] === value ? []', replace: 'true ? []', breaks: 'Whatever the phone shows passes.' },
  {
    ...inJudge,
    find: 'for (const [name, value] of Object.entries(expected.values ?? {})) differ(name, value, keys[name]);',
    replace: '',
    breaks: 'Whatever the values of a push are passes.',
  },
  {
    ...inJudge,
    find: 'if (expected.keys && context.strict) {',
    replace: 'if (false) {',
    breaks: 'Whatever the keys of a push are passes.',
  },
  {
    ...inJudge,
    find: 'if (!context.strict) return;',
    replace: 'return;',
    breaks: 'The ids of our own design are looked at by nobody.',
  },
  { ...inJudge, find: `if (!uuid.test(id ?? ''))`, replace: 'if (false)', breaks: 'An id that Apple refuses passes.' },
  {
    ...inJudge,
    find: `differ('apns-collapse-id', id, collapseId);`,
    replace: '',
    breaks: 'A push that shows twice passes.',
  },
  {
    ...inLeaks,
    find: 'return leaking ? [`',
    replace: 'return false ? [`',
    breaks: 'A component that tells providers what was sealed passes.',
  },
  {
    ...inLeaks,
    find: `      { name: 'the nickname', text: event.nickname },
`,
    replace: '',
    breaks: 'A component that tells providers of group chats passes.',
  },
  {
    ...inLeaks,
    find: `event.kind === 'message' ? [sender, { name: 'the body', text: event.body }] : [sender]`,
    replace: '[sender]',
    breaks: 'A component that tells providers the text passes.',
  },
  {
    ...inLeaks,
    find: 'JSON.stringify([headers, body]).includes(written)',
    replace: 'JSON.stringify([headers, body]) === written',
    breaks: 'A secret inside of a longer text passes.',
  },
  {
    ...inLeaks,
    find: 'JSON.stringify([headers, body])',
    replace: 'JSON.stringify([body])',
    breaks: 'A secret in a header passes.',
  },
  {
    file: 'harness/runner/content.ts',
    find: 'if (actual === sent) return undefined;',
    replace: 'return undefined;',
    breaks: 'A ciphertext that was cut or changed on its way is not named.',
    tests: ['harness/runner/content.test.ts', 'harness/runner/player.test.ts'],
  },
  {
    ...inConclusion,
    find: 'word === expected.answer ? []',
    replace: 'true ? []',
    breaks: 'Whatever a component answers passes.',
  },
  {
    ...inConclusion,
    find: 'found.kept !== (expected.kept ?? true)',
    replace: 'false',
    breaks: 'A component that costs phones their registrations passes.',
  },
  {
    ...inConclusion,
    find: 'return judgeAll(scene, pushes, expected.pushes, previous);',
    replace: 'return [];',
    breaks: 'Whatever reaches the provider passes.',
  },
  {
    ...inPlayer,
    find: 'if (played.some(({ problems }) => problems.length > 0)) break;',
    replace: '',
    breaks: 'One problem is said again by each step after it.',
  },
  {
    ...inDevice,
    find: `if (aps['mutable-content'] !== 1) return shown(asSent);`,
    replace: '',
    breaks: 'The phone opens what no extension sees.',
  },
  {
    ...inDevice,
    find: `if (aps['content-available'] === 1) return shown`,
    replace: 'if (false) return shown',
    breaks: 'A message that is shown twice looks right.',
  },
  { ...inDevice, find: 'sid !== undefined && !media ? ', replace: 'false ? ', breaks: 'The phone rings on.' },
  {
    ...inDevice,
    find: 'sid !== undefined && !media',
    replace: 'sid !== undefined',
    breaks: 'An offered call ends the ringing.',
  },
  {
    ...inDevice,
    find: `if (!media) return { opened: opening, shown: { kind: 'fault'`,
    replace: `if (false) return { opened: opening, shown: { kind: 'fault'`,
    breaks: 'The end of a call over PushKit looks right, and iOS ends the app.',
  },
  { ...inDevice, find: 'if (!sender) return', replace: 'if (false) return', breaks: 'A call from nobody looks right.' },
  {
    ...inDevice,
    find: 'if (opening === undefined) return shown(ghost);',
    replace: `if (opening === undefined) return shown({ kind: 'nothing', why: '' });`,
    breaks: 'A call that cannot be opened looks right.',
  },
  {
    ...inDevice,
    find: `if (typeof account !== 'string') return shown(crash`,
    replace: 'if (false) return shown(crash',
    breaks: 'The phone survives what makes the Android service crash.',
  },
  {
    ...inDevice,
    find: `keys['unread-messages'] === 0 && keys['sender'] === undefined`,
    replace: `keys['sender'] === undefined`,
    breaks: 'Any wake-up clears the screen.',
  },
  {
    ...inDevice,
    find: `keys['unread-messages'] === 0 && keys['sender'] === undefined`,
    replace: `keys['unread-messages'] === 0`,
    breaks: 'A summary of a message clears the screen.',
  },
  {
    ...inDevice,
    find: `keys['unread-messages'] === '0' ?`,
    replace: 'true ?',
    breaks: 'Any wake-up on Android clears the screen.',
  },
  {
    ...inDevice,
    find: `!payload || objectOf(message['android'])['priority'] !== 'high'`,
    replace: '!payload',
    breaks: 'A message of low priority is shown on Android.',
  },
  {
    ...inDevice,
    find: 'device.keys.get(account)',
    replace: `device.keys.get(account.toLowerCase()) ?? device.keys.get('Romeo@Example.net')`,
    breaks: 'An account in other letters finds its key.',
  },
  {
    ...inDevice,
    find: `device.reads === 'siskin' ? 'ignore' : 'verify'`,
    replace: `'ignore'`,
    breaks: 'The reference opens what nobody sealed.',
  },
  {
    ...inDevice,
    find: `device.reads === 'siskin' ? 'ignore' : 'verify'`,
    replace: `'verify'`,
    breaks: `Siskin opens nothing of Debian's Prosody.`,
  },
  {
    ...inDevice,
    find: `!Number.isInteger(unread) || typeof sender !== 'string'`,
    replace: `typeof sender !== 'string'`,
    breaks: 'A payload that no client can read is read.',
  },
  {
    ...inDevice,
    find: `!Number.isInteger(unread) || typeof sender !== 'string'`,
    replace: '!Number.isInteger(unread)',
    breaks: 'A payload without a sender is read.',
  },
  {
    ...inDevice,
    find: `if (typeof sid !== 'string') return { kind: 'undecodable', why: 'sid is no string' };`,
    replace: '',
    breaks: 'A call without a session rings.',
  },
  {
    ...inDevice,
    find: `if (!media) return { opened, shown: { kind: 'ringing-ended', sid } };`,
    replace: '',
    breaks: 'The end of a call rings on Android.',
  },
  {
    ...inDevice,
    find: `payload?.type === 'call' ? readCall(opened) : undefined`,
    replace: 'undefined',
    breaks: 'No call rings on Android.',
  },
  {
    ...inDevice,
    find: `if (typeof keys['body'] === 'string') return shown`,
    replace: 'if (false) return shown',
    breaks: 'A body in the background shows nothing.',
  },
  {
    ...inDevice,
    find: `message ?? (type === 'subscribe' ? 'Subscription request' : 'New message!')`,
    replace: `message ?? 'New message!'`,
    breaks: 'A request for a subscription looks like a message.',
  },
  {
    ...inDevice,
    find: `type === 'background'`,
    replace: `type === 'voip'`,
    breaks: 'The phone does nothing with background pushes.',
  },
  {
    ...inSiskinPayloads,
    find: 'isString(type) && !types.includes(type)',
    replace: 'false',
    breaks: 'The phone survives what makes Siskin crash.',
  },
  {
    ...inOpening,
    find: `if (bytes.length <= tagBytes) return refuse('too-short');`,
    replace: '',
    breaks: 'What makes clients crash opens as nothing.',
  },
  {
    ...inOpening,
    find: `if (options.tag !== 'ignore') {`,
    replace: 'if (false) {',
    breaks: 'A tag that does not fit is opened.',
  },
  { ...inOpening, find: 'fatal: true', replace: 'fatal: false', breaks: 'What is no UTF-8 opens as something else.' },
  { ...inOpening, find: 'text.length % 4 !== 0 || ', replace: '', breaks: 'Base64 without padding opens.' },
  {
    ...inReport,
    find: 'Math.max(8, terminal.width - 4 - columnsOf(clock) - columnsOf(right) - 1)',
    replace: 'terminal.width - 4 - columnsOf(clock) - columnsOf(right) - 1',
    breaks: 'In a narrow window the demonstration ends with an error.',
  },
  {
    ...inTerminal,
    find: 'Math.max(narrowest, Math.min(widest, output.columns || usual))',
    replace: 'Math.min(widest, output.columns || usual)',
    breaks: 'A window of a few columns shows nothing but dots.',
  },
  {
    ...inTerminal,
    find: 'output.columns || usual',
    replace: 'output.columns ?? usual',
    breaks: 'A terminal that does not know its width shows forty columns.',
  },
  {
    ...inTerminal,
    find: 'Math.min(widest, output.columns || usual)',
    replace: '(output.columns || usual)',
    breaks: 'In a wide window lines are too long to read.',
  },
];
