/** Collects what a run of the harness used that nobody else may read. */
import { type Element, parse } from 'ltx';
import type { ScenarioStage } from '../../src/harness/runner/environment.ts';
import { secretsOf } from '../../src/harness/runner/leaks.ts';
import { scenarios } from '../../src/harness/scenarios/all.ts';
import type { ReceivedPush } from '../../src/harness/stand-ins/contract.ts';

/** What kind of thing was used. */
export type UsedKind = 'token' | 'node' | 'secret' | 'ciphertext' | 'plaintext' | 'local part' | 'bearer token';

/** What a run used, by kind. */
export interface Used {
  readonly words: ReadonlyMap<UsedKind, ReadonlySet<string>>;
  add(kind: UsedKind, word: string | undefined): void;
}

/** Shorter words would be found by chance in any text. */
const shortest = 6;

export function createUsed(): Used {
  const words = new Map<UsedKind, Set<string>>();
  return {
    words,
    add(kind, word) {
      if (word === undefined || word.length < shortest) return;
      const known = words.get(kind) ?? new Set();
      words.set(kind, known.add(word));
    },
  };
}

/** Fields of forms whose values are words of protocols, or numbers. */
const harmless = new Set(
  'FORM_TYPE provider type message-count pending-subscription-count pushModule jid features max-size mode service max-payload-size priority silent'.split(
    ' ',
  ),
);

const kindOfField: Readonly<Record<string, UsedKind>> = {
  node: 'node',
  secret: 'secret',
  'last-message-body': 'plaintext',
  'last-message-sender': 'plaintext',
};

/** Notes what goes to the component, what it answers, and what reaches the providers. */
export function recordStage(stage: ScenarioStage, used: Used): void {
  const { acceptor, providers } = stage;
  const { request } = acceptor;
  acceptor.request = async (stanza, timeoutMs) => {
    noteJid(used, stanza.from);
    const written = parsed(stanza.xml);
    if (written) noteElement(used, written);
    const answer = await request(stanza, timeoutMs);
    if (answer.kind === 'result') noteElement(used, answer.stanza);
    return answer;
  };
  for (const provider of [providers.apns, providers.fcm]) provider.onPush((push) => notePush(used, push));
  for (const step of scenarios.flatMap(({ steps }) => steps)) {
    if (step.do === 'happen') for (const { text } of secretsOf(step.event)) used.add('plaintext', text);
  }
}

/** Undefined for stanzas that are broken on purpose. */
function parsed(xml: string): Element | undefined {
  try {
    return parse(xml);
  } catch {
    return undefined;
  }
}

function noteElement(used: Used, element: Element): void {
  const { attrs } = element as { attrs: Readonly<Record<string, string | undefined>> };
  for (const value of Object.values(attrs)) if (value !== undefined) noteJid(used, value);
  // The node of a command is its name, that of service discovery a word of XEP-0050.
  if (element.name === 'publish') used.add('node', attrs['node']);
  if (element.name === 'encrypted') {
    used.add('ciphertext', attrs['iv']);
    used.add('ciphertext', element.getText().replaceAll(/\s/g, ''));
  }
  if (element.name === 'field') noteField(used, attrs['var'] ?? '', element.getChildText('value') ?? '');
  for (const child of element.children) if (typeof child !== 'string') noteElement(used, child);
}

function noteField(used: Used, name: string, value: string): void {
  if (harmless.has(name)) return;
  noteJid(used, value);
  used.add(kindOfField[name] ?? 'token', value);
}

function noteJid(used: Used, text: string): void {
  const [, local] = /^([^@\s/]+)@[^@\s]+$/.exec(text) ?? [];
  used.add('local part', local);
}

function notePush(used: Used, { token, headers, body }: ReceivedPush): void {
  used.add('token', token);
  used.add('bearer token', headers['authorization']?.replace(/^bearer /i, ''));
  const walk = (value: unknown): void => {
    if (typeof value === 'string') noteJid(used, value);
    if (typeof value === 'object' && value !== null) Object.values(value).forEach(walk);
  };
  walk(body);
}
