import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { limitSets, properties, read, readsAlike } from '../fuzz/properties.ts';

/** How long each property is tried, and its seed; `npm run fuzz` runs without end. */
const forMs = Number(process.env['FUZZ_MS'] ?? 3_000);
const seed = Number(process.env['FUZZ_SEED'] ?? 1);

for (const property of properties) it(property.name, () => property.run({ seed, forMs }));

const folder = join(import.meta.dirname, '../fuzz/cases');
for (const file of readdirSync(folder).toSorted()) {
  it(`parser - ${file.replace('.xml', '').replaceAll('-', ' ')}, cut once anywhere, is read alike`, () => {
    const bytes = readFileSync(join(folder, file));
    for (const limits of limitSets) {
      for (let cut = 0; cut < bytes.length; cut += 1) readsAlike(bytes, [cut], limits);
      readsAlike(bytes, [...bytes.keys()], limits);
    }
  });
}

it('parser - only those fixed cases end the stream in which the end of a stanza is unclear', () => {
  const ending = readdirSync(folder).filter((file) => {
    const last = read(readFileSync(join(folder, file))).at(-1);
    return !last || 'error' in last;
  });
  assert.deepEqual(ending.toSorted(), [
    'CDATA-that-does-not-begin.xml',
    'a-DOCTYPE-in-a-stanza.xml',
    'a-comment.xml',
    'a-control-character-after-whole-stanzas.xml',
    'a-declaration-in-mid-stream.xml',
    'a-less-than-sign-in-an-end-tag.xml',
    'a-tag-without-a-name.xml',
    'the-end-of-the-stream-in-a-skipped-stanza.xml',
  ]);
});
