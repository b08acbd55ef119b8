/** Writes the vectors: the same bytes each time. */
import { type VectorFile, vectorFormat } from './format.ts';
import { discoveryVectors } from './discovery-vectors.ts';
import { fittingVectors } from './fitting-vectors.ts';
import { openingVectors, sealingVectors } from './sealing-vectors.ts';
import { enablingVectors, omemoVectors, publishVectors } from './stanza-vectors.ts';

/** All files by name. */
export function createVectorFiles(): ReadonlyMap<string, VectorFile> {
  const format = vectorFormat;
  const files: readonly VectorFile[] = [
    {
      format,
      kind: 'sealing',
      about: 'aes-128-gcm: key, iv and plaintext to ciphertext with tag',
      vectors: sealingVectors(),
    },
    {
      format,
      kind: 'opening',
      about: 'what a device reads, and why it refuses what is broken',
      vectors: openingVectors(),
    },
    { format, kind: 'fitting', about: 'payload and max-size to the JSON that is sealed', vectors: fittingVectors() },
    {
      format,
      kind: 'discovery',
      about: 'disco#info of an account to the answer of the reference server, and what a client reads in it',
      vectors: discoveryVectors(),
    },
    { format, kind: 'enabling', about: 'what a server makes of enable', vectors: enablingVectors() },
    {
      format,
      kind: 'publishing',
      about: 'event to publish, as the reference server writes it',
      vectors: publishVectors(),
    },
    { format, kind: 'omemo', about: 'the OMEMO object for one device out of a message', vectors: omemoVectors() },
  ];
  return new Map(files.map((file) => [`${file.kind}.json`, file]));
}

/** A file as it is stored: one vector a line, so that a change shows as a change of that vector. */
export function formatVectorFile({ format, kind, about, vectors }: VectorFile): string {
  const lines = vectors.map((vector) => `    ${JSON.stringify(vector)}`).join(',\n');
  const head = [
    `"format": ${JSON.stringify(format)}`,
    `"kind": ${JSON.stringify(kind)}`,
    `"about": ${JSON.stringify(about)}`,
  ];
  return `{\n  ${head.join(',\n  ')},\n  "vectors": [\n${lines}\n  ]\n}\n`;
}
