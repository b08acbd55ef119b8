import { resolve } from 'node:path';
import { z } from 'zod';
import { createSecret } from '../core/secret.ts';
import type { Sources, ValueKinds } from './kinds/values.ts';

/** `store`: a SQLite file by its absolute path, or the URL of a PostgreSQL database. */
export function storeLocation(values: ValueKinds, { baseDir }: Pick<Sources, 'baseDir'>) {
  const about = 'sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE';
  const stored = values.text(about).transform((text, context) => {
    if (text === 'sqlite::memory:') {
      context.addIssue(
        'would lose all registrations when the process ends; name a file, such as sqlite:./data/sealpost.db',
      );
      return z.NEVER;
    }
    if (/^sqlite:.*[^/]$/.test(text)) {
      return { kind: 'sqlite', path: resolve(baseDir, text.slice('sqlite:'.length)) } as const;
    }
    if (/^postgres(ql)?:\/\/./.test(text)) return { kind: 'postgres', url: createSecret(text) } as const;
    context.addIssue(`expected ${about}`);
    return z.NEVER;
  });
  return stored.meta({ allowed: '`sqlite:PATH`, `postgres://USER:PASSWORD@HOST/DATABASE`' });
}
