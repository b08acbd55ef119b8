import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testRegistry } from './contract-table.ts';

testRegistry({
  name: 'sqlite',
  skip: false,
  prepare(t) {
    const dir = mkdtempSync(join(tmpdir(), 'sealpost-registry-'));
    t.after(() => rmSync(dir, { recursive: true }));
    return { kind: 'sqlite', path: join(dir, 'new', 'sealpost.db') };
  },
});
