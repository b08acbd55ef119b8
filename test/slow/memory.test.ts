import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/process.ts';
import { publishStanza, startStage } from '../end-to-end/attacks/stage.ts';

/** Number of publishes; a million if run by hand. */
const total = Number(process.env['MEMORY_PUBLISHES'] ?? 100_000);
const window = 1_000;
/** Bytes of bounded caches and the allocator's waste: less than 180 for each publish. */
const keptBytes = 16 * 1_048_576;

test('memory - publishes to changing nodes leave no memory behind', { timeout: 60_000 + total }, async () => {
  const unlimited = { burst: 10_000_000, perMinute: 600_000_000 };
  const stage = await startStage({ timing: {}, devices: 1, limits: { publishesPerDomain: unlimited } });
  try {
    const { peer } = stage.connection;
    let answered = 0;
    let rest = '';
    peer.socket.on('data', (text) => {
      const received = rest + String(text);
      const found = [...received.matchAll(/<\/iq>|<iq type='result' [^>]*\/>/g)];
      answered += found.length;
      const last = found.at(-1);
      rest = received.slice(last ? last.index + last[0].length : 0);
    });
    let sent = 0;
    const publishUntil = async (count: number) => {
      while (sent < count) {
        let xml = '';
        for (const end = sent + window; sent < end; sent += 1) {
          xml += publishStanza(`m${sent}`, `${sent}-`.padEnd(32, 'n'));
        }
        peer.send(xml);
        await eventually('all are answered', () => answered >= sent || undefined, 30_000);
      }
    };
    await publishUntil(total / 10);
    const earlyBytes = await stage.restingBytes(0);
    await publishUntil(total);
    const lateBytes = await stage.restingBytes(earlyBytes);
    const grownMegabytes = (lateBytes - earlyBytes) / 1_048_576;
    console.log(`${total} publishes: ${grownMegabytes.toFixed(1)} MB more than after a tenth of them`);
    assert.equal(answered, sent);
    assert.ok(lateBytes - earlyBytes < keptBytes, `${grownMegabytes} MB`);
  } finally {
    await stage.stop();
  }
});
