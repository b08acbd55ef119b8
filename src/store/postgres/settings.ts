import type { z } from 'zod';
import { authorities } from '../../config/kinds/tls.ts';
import { section, type ValueKinds } from '../../config/kinds/values.ts';

/** The config section `postgres`: how the database that `store` names is spoken to. */
export function postgresSection(values: ValueKinds) {
  return section({
    connections: values
      .count(1, 100)
      .default(10)
      .describe('Connections of this process. All processes together must stay below `max_connections`.'),
    connectTimeout: values.duration('1s', '60s').prefault('3s').describe('How long opening a connection may take.'),
    statementTimeout: values
      .duration('1s', '60s')
      .prefault('5s')
      .describe('How long a statement may take; XMPP servers are answered within 20 s.'),
    ca: authorities(values, 'alone').exactOptional(),
  }).transform(({ connectTimeout, statementTimeout, ...others }) => ({
    ...others,
    connectTimeoutMs: connectTimeout,
    statementTimeoutMs: statementTimeout,
  }));
}

/** The parsed section. */
export type PostgresSettings = Readonly<z.output<ReturnType<typeof postgresSection>>>;
