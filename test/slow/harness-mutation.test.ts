import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { answers as table } from '../../src/core/answers.ts';
import { answers as heldElsewhere } from '../mutants/table/answers.ts';
import { createMutantTrials, type Trial } from '../harness/mutate.ts';
import { apply, mutants, tableMutants, unreachableOutcomes } from '../harness/mutants.ts';

let trials: Awaited<ReturnType<typeof createMutantTrials>>;
before(async () => void (trials = await createMutantTrials({ everywhere: false })));
after(() => trials.close());

const survivorsOf = (tried: readonly Trial[]) => tried.filter(({ noticed }) => !noticed).map(({ name }) => name);

test('mutation - every outcome has a mutant, or no scenario leads to it and another test holds it', () => {
  const changed = mutants.flatMap(({ name }) => (name.startsWith('answer-') ? [name.slice('answer-'.length)] : []));
  assert.deepEqual([...changed, ...unreachableOutcomes].toSorted(), Object.keys(table).toSorted());
  for (const outcome of unreachableOutcomes) {
    assert.ok(
      heldElsewhere.some(({ find }) => find.startsWith(`'${outcome}': `)),
      outcome,
    );
  }
});

test('mutation - every mutant applies to the present server', () => {
  for (const mutant of mutants) assert.ok(apply(mutant).includes(mutant.instead), mutant.name);
});

test('mutation - a change of any row of the providers’ tables is noticed', async () => {
  const tried: Trial[] = [];
  for (const mutant of tableMutants) tried.push(await trials.tryRow(mutant));
  assert.deepEqual(survivorsOf(tried), []);
  assert.ok(tried.length >= 50);
});

test('mutation - an unchanged row causes no failure', async () => {
  for (const mutant of tableMutants.filter(({ name }) =>
    /bad-device-token|413|unregistered|401-unauth|503-unavail/.test(name),
  )) {
    const { noticed } = await trials.tryRow({ ...mutant, row: mutant.row, instead: mutant.row.result });
    assert.equal(noticed, undefined, mutant.name);
  }
});

for (const [rows, prefix] of [
  ['routing', 'route-'],
  ['the answers', 'answer-'],
  ['the default results', 'default-'],
] as const) {
  test(`mutation - a change of any row of ${rows} is noticed`, async () => {
    const tried: Trial[] = [];
    for (const mutant of mutants.filter(({ name }) => name.startsWith(prefix))) {
      tried.push(await trials.tryMutant(mutant));
    }
    assert.ok(tried.length >= 7);
    assert.deepEqual(survivorsOf(tried), []);
  });
}
