import assert from 'node:assert/strict';
import { test } from 'node:test';
import { p2Table } from '../../src/import/p2.ts';
import { MAX_FIELD_LENGTH, type SourceRow } from '../../src/import/source.ts';
import { readDump } from '../../src/import/sql-dump.ts';

/** Reads a dump in pieces of `size` characters. */
async function read(dump: string, size = dump.length): Promise<SourceRow[]> {
  async function* chunks() {
    for (let i = 0; i < dump.length; i += size) yield dump.slice(i, i + size);
  }
  const rows: SourceRow[] = [];
  for await (const row of readDump(chunks(), p2Table)) rows.push(row);
  return rows;
}

const plain = (rows: readonly SourceRow[]) =>
  rows.map((row) => ('refused' in row ? [row.where, row.refused] : [row.where, Object.fromEntries(row.fields)]));

const mysqldump = `-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: p2
/*!40101 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS \`target\`;
CREATE TABLE \`target\` (
  \`service\` char(4) NOT NULL,
  \`device\` char(40) NOT NULL,
  \`channel\` char(40) NOT NULL DEFAULT '',
  \`domain\` varchar(253) NOT NULL,
  \`token\` varchar(255) DEFAULT NULL,
  \`node\` char(12) DEFAULT NULL,
  \`secret\` char(24) DEFAULT NULL,
  PRIMARY KEY (\`device\`,\`channel\`),
  KEY \`node\` (\`node\`,\`domain\`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1; -- ; INSERT INTO target
LOCK TABLES \`target\` WRITE;
/*!40000 ALTER TABLE \`target\` DISABLE KEYS */;
INSERT INTO \`target\` VALUES
('FCM','ec164939a8485ee6b7f7871071a11c7bb18aead5','','example.net','fcmInst:APA91b','eKxTS5n3bOe0','KK4+H5WMfpRG/2zCbuKq6wpX'),
('APNS','0','','example.org','ab','a','b');
/*!40000 ALTER TABLE \`target\` ENABLE KEYS */;
UNLOCK TABLES;
INSERT INTO \`other\` VALUES ('INSERT INTO \`target\` VALUES (1);',2);
`;

const expected = [
  [
    'line 20',
    {
      service: 'FCM',
      device: 'ec164939a8485ee6b7f7871071a11c7bb18aead5',
      channel: '',
      domain: 'example.net',
      token: 'fcmInst:APA91b',
      node: 'eKxTS5n3bOe0',
      secret: 'KK4+H5WMfpRG/2zCbuKq6wpX',
    },
  ],
  [
    'line 21',
    { service: 'APNS', device: '0', channel: '', domain: 'example.org', token: 'ab', node: 'a', secret: 'b' },
  ],
];

for (const size of [1, 2, 7, 4_096]) {
  test(`SQL dump - rows as mysqldump writes them, in pieces of ${size} characters`, async () => {
    assert.deepEqual(plain(await read(mysqldump, size)), expected);
  });
}

const values = `('FCM','d','','n','t','o','s')`;
const fields = { service: 'FCM', device: 'd', channel: '', domain: 'n', token: 't', node: 'o', secret: 's' };

const accepted: readonly [string, string, object][] = [
  ['columns in another order', "INSERT INTO target (node, `secret`) VALUES ('a','b');", { node: 'a', secret: 'b' }],
  ['a database before the table', `INSERT INTO \`p2\`.\`target\` VALUES ${values};`, fields],
  ['the same unquoted', `insert ignore into p2.target values ${values};`, fields],
  ['REPLACE', `REPLACE INTO \`target\` VALUES ${values};`, fields],
  ['a clause at the end', `INSERT INTO target VALUES ${values} ON DUPLICATE KEY UPDATE node=VALUES(node);`, fields],
  [
    'columns in the order of the table',
    "CREATE TABLE target (node char(12), secret char(24), KEY a (node)); INSERT INTO target VALUES ('a','b');",
    { node: 'a', secret: 'b' },
  ],
  [
    'escapes',
    String.raw`INSERT INTO target (token, node) VALUES ('a\'b\\c\0d\ne\"f','it''s');`,
    { token: 'a\'b\\c\0d\ne"f', node: "it's" },
  ],
  ['what looks like SQL in a string', "INSERT INTO target (token) VALUES ('x''),(''y'); -- ');", { token: "x'),('y" }],
  [
    'NULL and numbers',
    'INSERT INTO target (token, node, secret) VALUES (NULL,12,-3.5);',
    { node: '12', secret: '3.5' },
  ],
  ['a character set', "INSERT INTO target (token) VALUES (_binary 'a');", { token: 'a' }],
  ['comments within', "INSERT /* a ' */ INTO target # b '\n(token) VALUES -- c '\n('a');", { token: 'a' }],
];

for (const [what, dump, row] of accepted) {
  test(`SQL dump - ${what}`, async () => {
    const rows = await read(dump, 3);
    assert.deepEqual(
      rows.map((one) => 'fields' in one && Object.fromEntries(one.fields)),
      [row],
    );
  });
}

test('SQL dump - rows with other numbers of values or huge fields are refused, the others are read', async () => {
  const huge = 'x'.repeat(MAX_FIELD_LENGTH + 1);
  const dump =
    `INSERT INTO target (token,node) VALUES ('a'),\n('${huge}','b'),\n('${huge.slice(1)}','b'),\n` +
    `(${"'a',".repeat(60)}'a'),\n('c','d');`;
  const rows = await read(dump, 1_000);
  assert.deepEqual(
    rows.map((row) => [row.where, 'refused' in row && row.refused]),
    [
      ['line 1', 'the row has more or fewer values than the table has columns'],
      ['line 2', 'a field is too long'],
      ['line 3', false],
      ['line 4', 'the row has more or fewer values than the table has columns'],
      ['line 5', false],
    ],
  );
});

for (const dump of [
  "INSERT INTO target VALUES ('FCM",
  'INSERT INTO target VALUES (1',
  '/* never ends',
  'INSERT INTO target VALUES (1)',
]) {
  test(`SQL dump - an incomplete dump is an error: ${dump}`, async () => {
    await assert.rejects(read(dump), /ends in the middle/);
  });
}

test('SQL dump - a dump without the table is an error', async () => {
  await assert.rejects(read("INSERT INTO other VALUES ('target');"), /no table target/);
  await assert.rejects(read(''), /no table target/);
});
