import assert from 'node:assert/strict';
import { type ChildProcess, execFile, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { LINK_TIMING, type LinkTiming } from '../../src/xmpp/stream/limits.ts';
import { eventually, stopProcess } from '../support/process.ts';
import { halfOpen, type Row, rows, stopped } from '../end-to-end/attacks/rows.ts';
import { type Stage, startStage } from '../end-to-end/attacks/stage.ts';
import { type Measured, renderTable } from '../end-to-end/attacks/table.ts';

/** A fraction of the usual times, so that detection takes seconds instead of half a minute. */
const written = {
  connect: '2s',
  header: '1s',
  handshake: '1s',
  idle: '2s',
  unconfirmed: '1s',
  pong: '2s',
  retryMax: '1s',
  refused: '2s',
  refusedMax: '2s',
};
const timing: LinkTiming = {
  ...LINK_TIMING,
  ...Object.fromEntries(
    Object.entries(written).map(([key, value]) => [`${key}Ms`, Number.parseInt(value, 10) * 1_000]),
  ),
};
/** Bytes that the allocator and compiled code may keep. */
const keptBytes = 48 * 1_048_576;

const unshare = spawnSync('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up']).status === 0;
const inFolder = (file: string) => join(import.meta.dirname, '../end-to-end/attacks', file);

describe('attacks - on the server as operators start it', { timeout: 180_000 }, () => {
  let child: ChildProcess;
  let stage: Stage;
  let baseBytes = 0;
  const measured: Measured[] = [];

  before(async () => {
    child = fork(inFolder('child-server.ts'));
    const [port] = (await once(child, 'message')) as [number];
    const other = {
      service: `xmpp://127.0.0.1:${port}`,
      domain: 'stopped.example.org',
      secret: 's3cret',
      timing: written,
    };
    stage = await startStage({ timing: written, devices: 50, links: [other] });
    // Memory that is never returned is in use after the first thousands.
    for (let round = 0; round < 40; round += 1) await stage.connection.exchange(100);
    baseBytes = await stage.restingBytes(0);
  });
  after(async () => {
    await stage.stop();
    child.kill('SIGCONT');
    await stopProcess(child);
    console.log(`${(baseBytes / 1_048_576).toFixed(0)} MB at rest\n${renderTable(measured)}`);
  });

  for (const row of rows) {
    it(row.name, { timeout: 60_000 }, async () => void measured.push(await play(row)));
  }

  it(stopped, { timeout: 30_000 }, async () => {
    const isUp = (up: number) => async () =>
      (await stage.metric(/^sealpost_link_up\{link="stopped.example.org"\} (\d+)$/m)) === up || undefined;
    const lost = () => {
      return stage.metric(
        /^sealpost_link_reconnects_total\{link="stopped.example.org",reason="ping-timeout"\} (\d+)$/m,
      );
    };
    await eventually('its link is up', isUp(1));
    await stage.forgetPeak();
    const { cpuMs } = await stage.vitals();
    const losses = await lost();
    child.kill('SIGSTOP');
    const startedMs = performance.now();
    await eventually('it is noticed', isUp(0), 20_000);
    assert.equal((await lost()) - losses, 1);
    child.kill('SIGCONT');
    await eventually('its link is back', isUp(1), 20_000);
    const backMs = performance.now() - startedMs;
    const spent = await stage.vitals();
    await stage.connection.exchange(5);
    measured.push({
      name: stopped,
      fate: 'connects anew',
      statedMs: statedSilenceMs(LINK_TIMING) + LINK_TIMING.retryMaxMs,
      backMs,
      cpuMs: spent.cpuMs - cpuMs,
      peakBytes: spent.peakBytes - baseBytes,
      restBytes: (await stage.restingBytes(baseBytes + keptBytes)) - baseBytes,
    });
  });

  const skip = unshare ? false : 'needs the right to make a network namespace';
  it(halfOpen, { skip, timeout: 60_000 }, async () => {
    const { stdout } = await promisify(execFile)('unshare', [
      '-n',
      process.execPath,
      inFolder('half-open.ts'),
      JSON.stringify(written),
    ]);
    const { noticedMs, backMs, reason } = JSON.parse(stdout) as { noticedMs: number; backMs: number; reason: string };
    assert.equal(reason, 'ping-timeout');
    measured.push({
      name: halfOpen,
      fate: 'connects anew',
      statedMs: statedSilenceMs(LINK_TIMING) + LINK_TIMING.retryMaxMs,
      backMs: noticedMs + backMs,
    });
  });

  async function play(row: Row): Promise<Measured> {
    const attacked = stage.connection;
    await attacked.exchange(5);
    await stage.forgetPeak();
    const { cpuMs } = await stage.vitals();
    const connectionsBefore = stage.server.connections;
    const linesBefore = stage.sealpost.lines.length;

    let startedMs = performance.now();
    await row.attack(stage, () => (startedMs = performance.now()));
    const connection = row.fate === 'connects anew' ? await stage.accept() : attacked;
    await connection.exchange(5);
    const backMs = performance.now() - startedMs;

    const spent = await stage.vitals();
    const usedMs = spent.cpuMs - cpuMs;
    const restBytes = await stage.restingBytes(baseBytes + keptBytes);
    assert.equal(stage.sealpost.process.exitCode, null);
    if (row.fate === 'the connection stays') assert.equal(stage.server.connections, connectionsBefore);
    else {
      const longestMs = row.backWithinMs ? timing.refusedMaxMs : timing.retryMaxMs;
      const pausesMs = readPauses(stage.sealpost.lines.slice(linesBefore));
      assert.ok(pausesMs.length > 0 && pausesMs.every((ms) => ms <= longestMs), `pauses of ${pausesMs.join(', ')} ms`);
    }
    assert.ok(restBytes < baseBytes + keptBytes, `${(restBytes - baseBytes) / 1_048_576} MB are kept`);
    assertAnsweredOnce();
    return {
      name: row.name,
      fate: row.fate,
      ...(row.fate === 'connects anew' && { statedMs: row.backWithinMs?.(LINK_TIMING) ?? LINK_TIMING.retryMaxMs }),
      backMs,
      cpuMs: usedMs,
      peakBytes: spent.peakBytes - baseBytes,
      restBytes: restBytes - baseBytes,
    };
  }

  /** Each answer came on the connection of its publish, or not at all if that was lost; on the living one all came. */
  function assertAnsweredOnce(): void {
    for (const { sent, answers } of stage.connections) {
      for (const [id, times] of answers) {
        assert.ok(sent.has(id) && times === 1, `${id} was answered ${times} times`);
      }
    }
    const { sent, answers } = stage.connection;
    for (const id of sent) assert.equal(answers.get(id), 1);
  }
});

/** The pauses before the next attempt that the link logged, once per lost connection. */
function readPauses(lines: readonly string[]): number[] {
  return lines
    .map((line) => JSON.parse(line) as { msg?: string; durationMs?: number })
    .filter(({ msg }) => msg?.startsWith('no component link'))
    .map(({ durationMs }) => durationMs ?? Number.NaN);
}

/** Time until a silent connection is given up; the watchdog checks once a second. */
function statedSilenceMs({ idleMs, pongMs }: LinkTiming): number {
  return idleMs + pongMs + 1_000;
}

it('attacks - docs/withstands.md lists each attack, and no other', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/withstands.md'), 'utf8');
  const section = /^## A hostile or broken XMPP server\n([\s\S]*?)^## /m.exec(page)?.[1] ?? '';
  const told = [...section.matchAll(/^\| `(.+?)` +\| (?:stays|\d+ s) /gm)].map((match) => match[1]);
  assert.deepEqual(told, [...rows.map(({ name }) => name), stopped, halfOpen]);
});
