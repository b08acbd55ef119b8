import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startHarness, startNode } from '../harness/command.ts';
import { defects } from '../harness/foreign/defects.ts';

let folder: string;
before(async () => void (folder = await mkdtemp(join(tmpdir(), 'harness-foreign-'))));
after(() => rm(folder, { recursive: true }));

interface Report {
  readonly verdict: 'green' | 'red';
  readonly faults: readonly { readonly problem: string }[];
  readonly causes: readonly { readonly text: string; readonly scenarios: readonly string[] }[];
  readonly capabilities: readonly { readonly title: string; readonly outcome: string; readonly why?: string }[];
}

/** The verdict on the component that has nothing of ours in it, as two processes that share an address and a file. */
async function judge(defect: string): Promise<{ code: number | null; report: Report; screen: string }> {
  const settings = join(folder, `${defect}.json`);
  const address = ['--listen', '0', '--domain', 'push.vendor.example', '--secret', 's3cret'];
  const harness = startHarness(['serve', ...address, '--settings', settings, '--patience', '10', '--json']);
  const [, port = ''] = await harness.said(/listening for the component push\.vendor\.example on 127\.0\.0\.1:(\d+)/);
  const component = join(import.meta.dirname, '..', 'harness', 'foreign', 'component.mjs');
  const vendor = startNode([component, `xmpp://127.0.0.1:${port}`, 'push.vendor.example', 's3cret', settings, defect]);
  const { code, output, errors } = await harness.finished;
  vendor.process.kill();
  await vendor.finished;
  return { code, report: JSON.parse(output) as Report, screen: errors };
}

// Most of the time is waiting: for a provider that hangs, and for what never comes.
describe('foreign components', { concurrency: 16 }, () => {
  test('a correct one is green, every capability that it claims played and held', async () => {
    const { code, report, screen } = await judge('none');
    assert.deepEqual(report.causes, []);
    assert.deepEqual([code, report.verdict], [0, 'green'], screen);
    const notHeld = report.capabilities.filter(({ outcome }) => outcome !== 'held');
    for (const { title, why } of notHeld) assert.match(why ?? '', /belongs to the convention|--strict/, title);
    assert.ok(report.capabilities.length - notHeld.length >= 30);
  });

  for (const { name, about, causes } of defects) {
    test(`one that ${about} is red, and told so in one line`, async () => {
      const { code, report, screen } = await judge(name);
      const found = report.causes.map(({ text }) => text);
      assert.deepEqual([code, report.verdict], [1, 'red'], screen);
      for (const cause of causes)
        assert.ok(
          found.some((text) => cause.test(text)),
          `${cause} is not in:\n${found.join('\n')}`,
        );
      for (const text of found)
        assert.ok(
          causes.some((cause) => cause.test(text)),
          `nobody expects: ${text}`,
        );
      for (const text of found)
        assert.ok(
          screen.split('\n').some((line) => line.includes(`✗ ${beginning(text)}`)),
          text,
        );
    });
  }

  test('there are twenty defects and more', () => {
    assert.ok(defects.length >= 20);
    assert.equal(new Set(defects.map(({ name }) => name)).size, defects.length);
  });
});

/** As far as a terminal shows it unchanged: control characters are not written. */
function beginning(text: string): string {
  return text.slice(0, 60).replace(/\p{Cc}.*$/su, '');
}
