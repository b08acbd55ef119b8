/**
 * Tries every mutant of the server's tables: a row that can change without any scenario noticing is a row that nobody
 * holds. By hand, with all scenarios and what is found on the way: `npm run mutate [thorough] [NAME…]`; with `thorough`,
 * each row of the providers' tables gets every other result.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAcceptor } from '../../src/harness/server/acceptor.ts';
import { runScenarios } from '../../src/harness/runner/run-scenarios.ts';
import { problemsOf } from '../../src/harness/runner/result.ts';
import type { StartServer } from '../../src/harness/demo/environment.ts';
import { proveHealth } from '../../src/harness/runner/proof.ts';
import {
  assembleStage,
  describeOperator,
  type ScenarioStage,
  setProviders,
} from '../../src/harness/runner/environment.ts';
import { scenarios } from '../../src/harness/scenarios/all.ts';
import type { Scenario } from '../../src/harness/scenarios/scenario.ts';
import { startInProcess, stageParts } from './in-process.ts';
import { loadMutant, type Mutant, mutants, type RowMutant, tableMutants, thoroughTableMutants } from './mutants.ts';

const domain = 'push.example.com';

export interface Trial {
  readonly name: string;
  /** The scenario that noticed, and what it said. */
  readonly noticed?: { readonly id: string; readonly problem: string };
}

/** @param everywhere whether all scenarios are tried after those that are likely to notice */
export async function createMutantTrials({ everywhere }: { readonly everywhere: boolean }) {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'sealpost-mutants-'));
  started.defer(() => rm(folder, { recursive: true }));
  const providers = await setProviders(stageParts);
  started.defer(() => providers.close());
  const acceptor = await createAcceptor({ components: new Map([[domain, 's3cret']]), ...stageParts });
  started.defer(() => acceptor.close());
  let count = 0;
  let shared: ScenarioStage | undefined;

  async function setStage(startServer: StartServer): Promise<ScenarioStage> {
    count += 1;
    const server = await startServer({
      xmpp: [{ service: acceptor.service, domain, secret: 's3cret' }],
      http: { ops: { port: 0 }, public: { port: 0 } },
      store: `sqlite:${join(folder, `${count}.db`)}`,
      ...describeOperator(providers, stageParts.randomBytes),
    });
    await acceptor.whenConnected(domain, 10_000);
    const stage = assembleStage({ acceptor, providers, component: domain, ...stageParts });
    return {
      ...stage,
      publicUrl: server.publicUrl,
      hasApps: true,
      async close() {
        for (const host of stage.hosts.values()) host.close();
        await server.stop();
      },
    };
  }

  /** A server of its own for an edited file. */
  async function tryMutant(mutant: Mutant): Promise<Trial> {
    await shared?.close();
    shared = undefined;
    const stage = await setStage(startInProcess(await loadMutant(mutant)));
    try {
      return await tryScenarios(mutant, stage);
    } finally {
      await stage.close();
    }
  }

  /** One server for all rows: each means something else for as long as it is tried. */
  async function tryRow(mutant: RowMutant): Promise<Trial> {
    if (!shared) {
      const stage = await setStage(startInProcess());
      await proveHealth(stage);
      // Once is enough.
      shared = { ...stage, hasApps: false };
    }
    const { result } = mutant.row;
    mutant.row.result = mutant.instead;
    try {
      return await tryScenarios(mutant, shared);
    } finally {
      mutant.row.result = result;
    }
  }

  async function tryScenarios({ name, hints }: Pick<Mutant, 'name' | 'hints'>, stage: ScenarioStage): Promise<Trial> {
    const likely = scenarios.filter(({ id }) => hints.some((hint) => id.startsWith(hint)));
    const others = everywhere ? scenarios.filter((scenario) => !likely.includes(scenario)) : [];
    const noticed = (await firstFailure(likely, stage)) ?? (await firstFailure(others, stage));
    return { name, ...(noticed && { noticed }) };
  }

  async function firstFailure(chosen: readonly Scenario[], stage: ScenarioStage): Promise<Trial['noticed']> {
    count += 1;
    const abort = new AbortController();
    const report = await runScenarios({
      // Accounts are named after scenarios, and no two trials may share one.
      scenarios: chosen.map((scenario) => ({ ...scenario, id: `${scenario.id}-${count}` })),
      stage,
      signal: abort.signal,
      onResult: ({ outcome }) => {
        if (outcome === 'failed') abort.abort();
      },
    }).catch((error: Error) => error);
    // Not even the messages went through that come before the scenarios.
    if (report instanceof Error) return { id: 'before the scenarios', problem: report.message };
    const failed = report.results.find(({ outcome }) => outcome === 'failed');
    return failed && { id: failed.scenario.id, problem: problemsOf(failed)[0] ?? '' };
  }

  const running = started.move();
  return {
    tryMutant,
    tryRow,
    async close() {
      await shared?.close();
      await running.disposeAsync();
    },
  };
}

if (import.meta.main) {
  const [first, ...others] = process.argv.slice(2);
  const isThorough = first === 'thorough';
  const words = isThorough || first === undefined ? others : [first, ...others];
  const isChosen = ({ name }: { name: string }) => words.length === 0 || words.some((word) => name.startsWith(word));
  const trials = await createMutantTrials({ everywhere: true });
  const all: Trial[] = [];
  const tell = (trial: Trial) => {
    all.push(trial);
    const { name, noticed } = trial;
    console.log(noticed ? `✓ ${name}: ${noticed.id}: ${noticed.problem}` : `✗ ${name}: nobody noticed`);
  };
  for (const mutant of (isThorough ? thoroughTableMutants : tableMutants).filter(isChosen))
    tell(await trials.tryRow(mutant));
  for (const mutant of mutants.filter(isChosen)) tell(await trials.tryMutant(mutant));
  await trials.close();
  const survivors = all.filter(({ noticed }) => !noticed);
  console.log(`\n${all.length - survivors.length} of ${all.length} changed rows were noticed`);
  process.exitCode = survivors.length === 0 ? 0 : 1;
}
