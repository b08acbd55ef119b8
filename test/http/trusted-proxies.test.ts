import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTrustedProxies } from '../../src/http/trusted-proxies.ts';

const rows: readonly [readonly string[], readonly string[], readonly string[]][] = [
  [[], [], ['127.0.0.1', '::1', '']],
  [
    ['loopback'],
    ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'],
    ['128.0.0.1', '::2', '10.0.0.1', '::ffff:10.0.0.1'],
  ],
  [['linklocal'], ['169.254.0.1', 'fe80::1', 'fe80::1%eth0', 'febf::1'], ['169.255.0.1', 'fec0::1']],
  [
    ['uniquelocal'],
    ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1', 'fc00::1', 'fdff::1'],
    ['172.32.0.1', '11.0.0.1', '192.169.0.1', 'fe00::1'],
  ],
  [
    ['192.0.2.7', '2001:db8::/32'],
    ['192.0.2.7', '2001:db8:1::1'],
    ['192.0.2.8', '2001:db9::1'],
  ],
  [['10.0.0.0/31'], ['10.0.0.0', '10.0.0.1'], ['10.0.0.2']],
  [['loopback'], [], ['', 'localhost', '127.0.0.1:80', '127.0.0.1, 10.0.0.1', '127.1']],
];

for (const [names, trusted, strangers] of rows) {
  test(`trusted proxies - ${names.join() || 'none'}: ${[...trusted, ...strangers].length} addresses`, () => {
    const isTrusted = createTrustedProxies(names);
    assert.deepEqual(
      trusted.filter((address) => !isTrusted(address)),
      [],
    );
    assert.deepEqual(
      strangers.filter((address) => isTrusted(address)),
      [],
    );
  });
}
