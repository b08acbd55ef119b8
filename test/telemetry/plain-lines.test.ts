import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../src/telemetry/log.ts';
import { plainLines } from '../../src/telemetry/plain-lines.ts';

function written(isColoured: boolean): { log: ReturnType<typeof createLog>; texts: string[] } {
  const texts: string[] = [];
  const output = { write: (text: string) => void texts.push(text.replace(/^\d\d:\d\d:\d\d\.\d{3} /, '12:34:56.789 ')) };
  return { log: createLog('debug', plainLines(output, isColoured)), texts };
}

test('plain lines - time, level, message and fields stand on one line, the hint on the next', () => {
  const { log, texts } = written(false);
  log.warn({ app: 'siskin', reason: 'untrusted', hint: 'check the clock' }, 'a push failed and will be sent again');
  log.info({}, 'serving');
  log.error({ durationMs: 20 }, 'no');
  log.debug({ url: 'https://127.0.0.1:8080' }, 'open to clients');
  assert.deepEqual(texts, [
    '12:34:56.789 WARN  a push failed and will be sent again app=siskin reason=untrusted\n' +
      '                   → check the clock\n',
    '12:34:56.789 info  serving\n',
    '12:34:56.789 ERROR no durationMs=20\n',
    '12:34:56.789 debug open to clients url=https://127.0.0.1:8080\n',
  ]);
});

test('plain lines - what came from outside is quoted, so that it controls no terminal', () => {
  const { log, texts } = written(false);
  log.info({ reason: 'a b\u001B[2J\n\u009Bc' }, 'stream ended');
  assert.deepEqual(texts, ['12:34:56.789 info  stream ended reason="a b\\u001b[2J\\n\\u009bc"\n']);
});

test('plain lines - the level is coloured where the terminal shows colours', () => {
  const { log, texts } = written(true);
  log.error({}, 'no');
  assert.deepEqual(texts, ['12:34:56.789 \u001B[31mERROR\u001B[39m no\n']);
});
