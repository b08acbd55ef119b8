import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { printLine, printScene, type Sighting } from '../../../src/harness/demo/report.ts';
import { scenes } from '../../../src/harness/demo/scenes.ts';
import { columnsOf, createTerminal, type Terminal } from '../../../src/harness/report/terminal.ts';
import type { ReceivedPush } from '../../../src/harness/stand-ins/contract.ts';

const push = (provider: 'apns' | 'fcm', bytes: number): ReceivedPush => ({
  ...{ provider, token: 'ab', headers: {}, body: {}, atMs: 0, status: 200, bytes },
});
const both: Sighting[] = [
  { provider: 'apns', push: push('apns', 1_234) },
  { provider: 'fcm', push: push('fcm', 2_345) },
];
const noon = new Date(2026, 10, 1, 12, 0, 0);
const text = 'Wherefore art thou Romeo?';

/** What is printed in a window of so many columns; undefined: there is no window. */
function printed(columns: number | undefined, print: (terminal: Terminal) => void): string[] {
  const output = new PassThrough();
  print(
    createTerminal(Object.assign(output, columns === undefined ? {} : { isTTY: true, columns }), { NO_COLOR: '1' }),
  );
  return String(output.read()).split('\n').slice(0, -1);
}

const narrow = '  12:00:00  Wherefo… APNs 1,234 B ✓  FCM 2,345 B ✓';
const usual = '  12:00:00  Wherefore art thou Romeo?           APNs 1,234 B ✓  FCM 2,345 B ✓';
for (const [columns, line] of [
  [0, usual],
  [1, narrow],
  [5, narrow],
  [40, narrow],
  [80, usual],
  [undefined, usual],
] as const) {
  test(`demonstration report - a notification in ${columns ?? 'no'} columns: a narrow window costs text, not all of it`, () => {
    assert.deepEqual(
      printed(columns, (terminal) => printLine(terminal, noon, text, both)),
      [line],
    );
  });
}

for (const columns of [1, 5, 40]) {
  test(`demonstration report - a scene in ${columns} columns is that of forty, and can be read`, () => {
    const [scene] = scenes;
    assert.ok(scene);
    assert.deepEqual(
      printed(columns, (terminal) => printScene(terminal, scene, both)),
      [
        '  Chat message',
        '    in      juliet@capulet.example:',
        '            “Art thou not Romeo, and a…',
        '    sealed  nothing: this server',
        '            publishes in clear',
        '    APNs    no type, priority none,…  ✓',
        '    FCM     data message, priority n… ✓',
        '',
      ],
    );
  });
}

test('demonstration report - where nothing tells the width, lines stay within 80 columns', () => {
  for (const columns of [undefined, 0]) {
    for (const scene of scenes) {
      for (const line of printed(columns, (terminal) => printScene(terminal, scene, both))) {
        assert.ok(columnsOf(line) < 80, line);
      }
    }
  }
});
