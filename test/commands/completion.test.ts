import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { completion } from '../../src/commands/completion.ts';

const usages = { devices: 'Usage: … --failing --json', trace: 'Usage: … --for 10m' };

function scriptFor(shell: string): string {
  let script = '';
  completion({ args: [shell], usages, output: { write: (text) => (script += text) } });
  return script;
}

/** What bash offers for the last word. */
function offered(...words: readonly string[]): string[] {
  const call = `${scriptFor('bash')}
COMP_WORDS=(sealpost ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
_sealpost; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, status } = spawnSync('bash', ['-c', call], { encoding: 'utf8' });
  assert.equal(status, 0);
  return stdout.split('\n').filter((line) => line !== '');
}

test('completion - bash offers commands for the first word, and the options of a command after it', () => {
  assert.deepEqual(offered('d'), ['devices']);
  assert.deepEqual(offered(''), ['devices', 'trace', '--config', '--version', '--help']);
  assert.deepEqual(offered('devices', '--'), ['--failing', '--help', '--json']);
  assert.deepEqual(offered('trace', '--f'), ['--for']);
});

test('completion - the scripts of zsh and fish name each command and its options', () => {
  assert.match(scriptFor('zsh'), /^autoload -U \+X bashcompinit && bashcompinit\n_sealpost\(\)/);
  assert.match(scriptFor('fish'), /^complete -c sealpost -n '__fish_use_subcommand' -a 'devices trace'$/m);
  assert.match(scriptFor('fish'), /^complete -c sealpost -n '__fish_seen_subcommand_from trace' -l for$/m);
});

test('completion - a shell that is missing or unknown is named', () => {
  const call = (args: readonly string[]) => () => completion({ args, usages, output: { write: () => {} } });
  assert.throws(call([]), /a shell is missing: bash, zsh, fish/);
  assert.throws(call(['bahs']), /unknown shell "bahs"; did you mean "bash"\?/);
});
