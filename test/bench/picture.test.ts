import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawStages } from './picture.ts';
import { stageOf, stages, stagesOf } from './stages.ts';

test('bench - every group of a profile belongs to one stage', () => {
  const expected = {
    'src/xmpp/stream/lexer.ts': 'read the stanza',
    'src/store/registry/registry.ts': 'find the device',
    'node sqlite': 'find the device',
    'src/providers/apns/payload.ts': 'compose the request',
    'src/providers/transport/connection.ts': 'send it: transport and undici',
    undici: 'send it: transport and undici',
    'node http2': 'send it: HTTP/2, TLS and sockets of Node',
    'node process': 'answer, promises and timers of Node',
    'prom-client': 'metrics and log',
    '(garbage collector)': 'garbage collector',
    '(program)': 'native code that no function called',
    zod: 'other',
    'test/bench/floor.ts': 'read the stanza',
    'test/bench/floor-devices.ts': 'find the device',
  } as const;
  for (const [group, stage] of Object.entries(expected)) assert.equal(stageOf(group), stage, group);
});

test('bench - the stages of a profile add up to all samples', () => {
  const micros = stagesOf(
    new Map([...Object.entries({ undici: 10, 'src/xmpp/a.ts': 5, 'src/xmpp/b.ts': 1, zod: 4 })]),
    2,
  );
  assert.deepEqual([...micros.keys()], [...stages]);
  assert.equal(micros.get('read the stanza'), 12);
  assert.equal(micros.get('other'), 8);
  assert.equal(
    [...micros.values()].reduce((sum, value) => sum + value, 0),
    40,
  );
});

test('bench - the picture has a bar and a number for each stage of each process', () => {
  const server = stagesOf(new Map([['undici', 100]]), 1);
  const floor = stagesOf(new Map([['undici', 50]]), 1);
  const svg = drawStages('APNs & <stages>', [
    { name: 'server', stages: server },
    { name: 'floor', stages: floor },
  ]);
  assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" /);
  assert.match(svg, /APNs &amp; &lt;stages>/);
  assert.equal(svg.match(/<rect x="300" y="\d+" width="[\d.]+" height="12"/g)?.length, 2 * stages.length + 1);
  // The longest bar is as wide as there is room, half the cost half as wide.
  assert.match(svg, /width="440\.0" height="12" fill="#1d4f91"\/><text [^>]*>100\.0</);
  assert.match(svg, /width="220\.0" height="12" fill="#9db4d3"\/><text [^>]*>50\.0</);
  assert.match(svg, /server: 100 µs/);
});
