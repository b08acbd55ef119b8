// node test/bench/registry.ts [ROWS]: measures lookup by node and registering in a store of this size.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { foldedKey, shortKey } from '../../src/store/schema/short-key.ts';
import { systemClock } from '../../src/time/clock.ts';
import { openRegistry } from '../support/store.ts';
import { nodeNames } from '../support/nodes.ts';
import { quietTelemetry } from '../support/telemetry.ts';

const rows = Number(process.argv[2] ?? 1_000_000);
const lookUps = 200_000;
const registrations = 500;

const dir = mkdtempSync(join(tmpdir(), 'sealpost-bench-'));
process.on('exit', () => rmSync(dir, { recursive: true }));
const path = join(dir, 'registry.db');
const open = () =>
  openRegistry({ store: { kind: 'sqlite', path }, clock: systemClock, nodes: nodeNames(), ...quietTelemetry() });

async function measure(what: string, times: number, run: (i: number) => Promise<unknown>): Promise<void> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  for (let i = 0; i < times; i++) await run(i);
  const { user, system } = process.cpuUsage(cpu);
  const wallUs = ((performance.now() - start) * 1_000) / times;
  console.log(
    `${what.padEnd(28)} ${wallUs.toFixed(1).padStart(9)} µs   CPU ${((user + system) / times).toFixed(1)} µs`,
  );
}

await (await open()).close();
const raw = new DatabaseSync(path);
raw.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; BEGIN');
const insert = raw.prepare(
  `INSERT INTO registration (node_key, node, app, convention, account, account_key, device_key, token, token_key,
    second_token, registered_at_ms, component)
  VALUES (?, ?, 'siskin', 'tigase', ?, ?, ?, ?, ?, ?, 1700000000000, 'push.example.com')`,
);
const nodes: string[] = [];
for (let i = 0; i < rows; i++) {
  // As long as a sealed node with both tokens.
  const node = randomBytes(107).toString('base64url');
  if (i % Math.ceil(rows / 100_000) === 0) nodes.push(node);
  const [account, token] = [`user${i}@example.net`, randomBytes(32).toString('hex')];
  const [account_key, device_key] = [foldedKey(account), foldedKey(token)];
  insert.run(
    shortKey(node),
    node,
    account,
    account_key,
    device_key,
    token,
    device_key,
    randomBytes(32).toString('hex'),
  );
}
raw.exec('COMMIT');
raw.close();
console.log(`${rows} registrations, ${(statSync(path).size / 1e6).toFixed(0)} MB`);

const opening = performance.now();
const registry = await open();
console.log(`${'opening'.padEnd(28)} ${((performance.now() - opening) * 1_000).toFixed(1).padStart(9)} µs`);
nodes.sort(() => Math.random() - 0.5);
const pick = (i: number): string => nodes[i % nodes.length] ?? '';
await measure('look-up, first touch', nodes.length, (i) => registry.find(pick(i)));
await measure('look-up', lookUps, (i) => registry.find(pick(i)));
await measure('look-up, unknown node', lookUps, (i) => registry.find(`unknown-${i}`));
await measure('look-up, 50 at a time', lookUps / 50, (i) =>
  Promise.all(Array.from({ length: 50 }, (_, j) => registry.find(pick(i * 50 + j)))),
);
await measure('registering', registrations, (i) =>
  registry.register({
    app: 'siskin',
    convention: 'tigase',
    account: `new${i}@example.net`,
    device: `token${i}`,
    token: `token${i}`,
    withSecret: false,
  }),
);
await registry.close();
