import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { limitSets, properties, readsAlike } from '../../fuzz/properties.ts';

/** How long each property is tried, and from where; `npm run fuzz` goes on without end. */
const forMs = Number(process.env['FUZZ_MS'] ?? 3_000);
const seed = Number(process.env['FUZZ_SEED'] ?? 1);

for (const property of properties) it(property.name, () => property.run({ seed, forMs }));

const folder = join(import.meta.dirname, '../../fuzz/cases');
for (const file of readdirSync(folder).toSorted()) {
  it(`parser - ${file.replace('.xml', '').replaceAll('-', ' ')}, cut once anywhere, is read alike`, () => {
    const bytes = readFileSync(join(folder, file));
    for (const limits of limitSets) {
      for (let cut = 0; cut < bytes.length; cut += 1) readsAlike(bytes, [cut], limits);
      readsAlike(bytes, [...bytes.keys()], limits);
    }
  });
}
