/** How a demonstration looks in a terminal. */
import type { ReceivedPush } from '../stand-ins/contract.ts';
import type { Scene } from './scenes.ts';
import type { DeviceView, Shown } from '../clients/device.ts';
import { bareJid, bodyOf, originOf, type ServerEvent } from '../server/event.ts';
import { columnsOf, fitText, justify, type Terminal, type Tone, wrapText } from '../report/terminal.ts';
import type { PublishReport } from '../server/xmpp-server.ts';

/** One notification, followed from the publish to a phone. */
export interface Sighting {
  readonly provider: 'apns' | 'fcm';
  readonly report?: PublishReport;
  readonly push?: ReceivedPush;
  readonly view?: DeviceView;
  /** What went wrong, in words. */
  readonly problem?: string;
}

const names = { apns: 'APNs', fcm: 'FCM' } as const;
/** Columns of the labels at the left, indentation included. */
const labelColumns = 12;
/** Lines that a text may take: enough for a message, not for an over-long one. */
const linesPerText = 2;

export function opening(terminal: Terminal): void {
  terminal.line();
  terminal.line(
    `  ${terminal.paint('bold', 'Sealpost')}, between XMPP servers, APNs and FCM that are played on this machine`,
  );
  terminal.line();
}

export function printScene(terminal: Terminal, scene: Scene, sightings: readonly Sighting[]): void {
  const { width } = terminal;
  const sealed = sightings[0]?.report?.publish.sealed;
  terminal.line(`  ${terminal.paint('bold', fitText(scene.title, width - 4))}`);
  entry(terminal, 'in', describeEvent(scene.event));
  if (sealed) {
    const { content, seal } = sealed;
    const cut = content.bodyCut ? ` (body cut to ${count(content.payload.message?.length ?? 0)})` : '';
    const plain = Buffer.byteLength(content.json);
    entry(terminal, 'sealed', `${count(plain)} bytes of JSON in ${count(seal.ciphertext.length)} of ciphertext${cut}`);
  } else {
    entry(terminal, 'sealed', 'nothing: this server publishes in clear');
  }
  for (const sighting of sightings) printSighting(terminal, sighting);
  terminal.line();
}

function printSighting(terminal: Terminal, { provider, push, view, problem }: Sighting): void {
  const arrived = push ? describePush(push) : 'nothing';
  const columns = terminal.width - labelColumns;
  const mark = problem === undefined ? terminal.paint('green', '✓') : terminal.paint('red', '✗');
  const line = justify(arrived, '✓', columns).slice(0, -1) + mark;
  terminal.line(label(terminal, names[provider]) + line);
  if (view) entry(terminal, '', describeShown(view.shown), 'cyan');
  if (problem !== undefined) entry(terminal, '', problem, 'red');
}

/** The short form, one line a notification, for those that come after the scenes. */
export function printLine(terminal: Terminal, at: Date, text: string, sightings: readonly Sighting[]): void {
  const parts = sightings.map(({ provider, push, problem }) => ({
    plain: `${names[provider]} ${push ? `${count(push.bytes)} B` : '-'} `,
    right: problem === undefined,
  }));
  const clock = `${at.toTimeString().slice(0, 8)}  `;
  const right = parts.map(({ plain }) => `${plain}✓`).join('  ');
  // In a narrow window the line is longer than it, rather than without its text.
  const room = Math.max(8, terminal.width - 4 - columnsOf(clock) - columnsOf(right) - 1);
  const left = fitText(text, room);
  const marks = parts.map(({ plain, right: ok }) => plain + terminal.paint(ok ? 'green' : 'red', ok ? '✓' : '✗'));
  terminal.line(`  ${terminal.paint('dim', clock)}${left}${' '.repeat(room - columnsOf(left) + 1)}${marks.join('  ')}`);
  for (const { problem } of sightings) if (problem !== undefined) entry(terminal, '', problem);
}

export function closing(
  terminal: Terminal,
  { played, failed, opsUrl, goesOn }: { played: number; failed: number; opsUrl: string; goesOn: boolean },
): void {
  const verdict =
    failed === 0
      ? terminal.paint('green', `✓ ${played} pushes arrived, and every sealed one was read as it was sent.`)
      : terminal.paint('red', `✗ ${failed} of ${played} pushes went wrong.`);
  terminal.line(`  ${verdict}`);
  if (!goesOn) return;
  terminal.line();
  terminal.line(`  Health   ${opsUrl.replace(/\/$/, '')}/readyz`);
  terminal.line(`  Metrics  ${opsUrl.replace(/\/$/, '')}/metrics`);
  terminal.line();
  terminal.line(`  ${terminal.paint('dim', 'One more every few seconds; Ctrl-C ends it.')}`);
  terminal.line();
}

function describeEvent(event: ServerEvent): string {
  const from = originOf(event) ?? '';
  const body = bodyOf(event);
  const length = body !== undefined && body.length > 200 ? `${count(body.length)} characters from ` : '';
  switch (event.kind) {
    case 'message':
    case 'groupchat':
      return `${length}${event.kind === 'message' ? bareJid(from) : from}: “${body ?? ''}”`;
    case 'subscription':
      return `${from} asks to see when you are online`;
    case 'call-offer':
      return `${from} calls: ${event.media.join(' and ')}`;
    case 'call-end':
      return `${from} hangs up`;
    case 'receipt':
      return `${from} has received it`;
    case 'chat-state':
      return `${from} is typing`;
    case 'read-elsewhere':
      return 'another device read the messages';
  }
}

function describePush(push: ReceivedPush): string {
  if (push.provider === 'fcm') {
    const { message } = push.body as { message?: { android?: { priority?: string } } };
    return `data message, priority ${message?.android?.priority ?? 'none'}, ${count(push.bytes)} bytes`;
  }
  const { 'apns-push-type': type = 'no type', 'apns-priority': priority = 'none' } = push.headers;
  return `${type}, priority ${priority}, ${count(push.bytes)} bytes`;
}

function describeShown(shown: Shown): string {
  switch (shown.kind) {
    case 'notification':
      return `shows “${shown.text}”`;
    case 'ringing':
      return `rings: ${shown.caller}, ${shown.media.join(' and ')}`;
    case 'ringing-ended':
      return 'stops ringing';
    case 'cleared':
      return 'takes its notifications away';
    case 'synchronized':
      return 'wakes up and fetches what is new';
    case 'nothing':
    case 'fault':
      return shown.why;
    case 'crash':
      return `${shown.program} crashes: ${shown.why}`;
  }
}

/** A labelled text, on as many lines as it may have. */
function entry(terminal: Terminal, name: string, text: string, tone?: Tone): void {
  for (const [index, line] of wrapText(text, terminal.width - labelColumns, linesPerText).entries()) {
    terminal.line(label(terminal, index === 0 ? name : '') + (tone ? terminal.paint(tone, line) : line));
  }
}

function label(terminal: Terminal, name: string): string {
  return `    ${terminal.paint('dim', name.padEnd(labelColumns - 6))}  `;
}

function count(value: number): string {
  return value.toLocaleString('en');
}
