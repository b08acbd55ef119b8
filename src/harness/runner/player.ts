/** Plays one scenario on a stage, step by step. */
import type { Scenario, Step } from '../scenarios/scenario.ts';
import type { ReceivedPush } from '../stand-ins/contract.ts';
import { concludePublish, concludeWait } from './conclusion.ts';
import type { ScenarioStage } from './environment.ts';
import { judgePieces, say } from './judge.ts';
import { publishByHand, publishEvent } from './publishing.ts';
import type { Passage } from './result.ts';
import { createScene, type Scene } from './scene.ts';
import { playTrouble } from './trouble.ts';
import { createTurns, type Turns } from './turns.ts';

const httpWithinMs = 32_000;

export interface PlayedScenario {
  readonly passages: Passage[];
  /** Pushes that nobody expected, so far. */
  surplus(): readonly ReceivedPush[];
  /** Stops watching. */
  end(): void;
}

export async function playScenario(
  scenario: Scenario,
  stage: ScenarioStage,
  turns: Turns = createTurns(),
): Promise<PlayedScenario> {
  const scene = createScene(scenario, stage);
  const passages: Passage[] = [];
  for (const step of scenario.steps) {
    const played = step.do === 'trouble' ? await playTrouble(scene, step, turns) : [await playStep(scene, step)];
    passages.push(...(isConnected(stage) ? played : played.map(blameConnection)));
    // What follows would only say so again.
    if (played.some(({ problems }) => problems.length > 0)) break;
  }
  // A component that answered with an error may deliver later all the same.
  if (isTroubled(scenario)) scene.mailbox.close();
  return { passages, surplus: scene.mailbox.surplus, end: scene.mailbox.close };
}

function isConnected({ acceptor, component }: ScenarioStage): boolean {
  return acceptor.connections.some(({ domain }) => domain === component);
}

function blameConnection(passage: Passage): Passage {
  const { problems } = passage;
  return problems.length === 0
    ? passage
    : { ...passage, problems: ['the component closed its connection', ...problems] };
}

/** Whether the provider refuses or breaks something in it. */
export function isTroubled({ steps }: Scenario): boolean {
  return steps.some((step) => step.do === 'trouble');
}

async function playStep(scene: Scene, step: Exclude<Step, { do: 'trouble' }>): Promise<Passage> {
  const { phone, account } = scene;
  switch (step.do) {
    case 'discover':
      return discover(step.expect, await phone.whyNotFound());
    case 'register':
      return register(scene, step);
    case 'enable':
      return enable(scene, step);
    case 'disable':
      return compare('disables push', 'result', phone.disable(step.everywhere ?? false));
    case 'ask-server': {
      const stanza = scene.fill(step.xml);
      const answer = account.request(stanza);
      const word = answer.kind === 'error' ? `${answer.type}/${answer.condition}` : answer.kind;
      return { ...compare('asks its server', step.expect, word), stanza };
    }
    case 'unregister':
      return step.over === 'http'
        ? compare('unregisters over HTTP', step.expect, await unregisterOverHttp(scene, scene.fill(step.body ?? '')))
        : compare('unregisters', step.expect, await phone.unregister());
    case 'companion':
      return moveCompanion(scene, step.act);
    case 'provider': {
      scene.script(step.token ?? 'first', step.script);
      const answers = step.script ? say({ ...step.script }) : 'as usual';
      return { what: `the provider will answer ${answers}`, pushes: [], problems: [] };
    }
    case 'happen':
      return concludePublish(scene, step.expect, await publishEvent(scene, step.event));
    case 'publish':
      return concludePublish(scene, step.expect, await publishByHand(scene, step));
    case 'wait':
      return concludeWait(scene, step.expect, step.shows);
  }
}

async function register(scene: Scene, step: Extract<Step, { do: 'register' }>): Promise<Passage> {
  const { phone } = scene;
  const before = phone.node;
  if (step.newToken) {
    for (const token of [phone.token, phone.secondToken])
      if (token !== undefined) scene.mailbox.watch(token, 'outdated');
    phone.renewToken(step.newToken === 'second' ? 'second' : undefined);
  }
  scene.watchTokens();
  const wanted = step.expect ?? 'registered';
  const compared = compare('registers', wanted, await phone.register());
  const unreadable = wanted === 'registered' ? phone.registrationProblem : undefined;
  const passage = unreadable === undefined ? compared : { ...compared, problems: [unreadable] };
  if (!step.sameNode || phone.node === before) return passage;
  return { ...passage, problems: [...passage.problems, 'the node is another one'] };
}

function enable({ phone }: Scene, { sealed, asks }: Extract<Step, { do: 'enable' }>): Passage {
  const compared = compare('enables push', 'result', phone.enable(sealed ?? true));
  const stanza = phone.enableRequest;
  if (stanza === undefined) return compared;
  return {
    ...compared,
    stanza,
    problems: [...compared.problems, ...judgePieces('the client’s request', stanza, asks)],
  };
}

async function moveCompanion({ scenario, companion }: Scene, act: 'register' | 'unregister'): Promise<Passage> {
  if (!companion) throw new Error('the scenario has no companion');
  const who = scenario.companion === 'same-account' ? 'another device of the account' : 'another account of the device';
  return act === 'register'
    ? compare(`${who} registers`, 'registered', await companion.register())
    : compare(`${who} unregisters`, 'done', await companion.unregister());
}

async function unregisterOverHttp({ stage }: Scene, body: string): Promise<string> {
  const response = await fetch(`${stage.publicUrl}/unregister-device/${stage.component}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: AbortSignal.timeout(httpWithinMs),
  });
  const { result } = (await response.json()) as { result?: unknown };
  return String(result);
}

function discover(expected: boolean, whyNotFound: string | undefined): Passage {
  const isFound = whyNotFound === undefined;
  const answer = whyNotFound ?? 'the client finds the service';
  return { what: 'looks for the service', answer, pushes: [], problems: isFound === expected ? [] : [answer] };
}

function compare(what: string, expected: string, actual: string): Passage {
  const problems = expected === actual ? [] : [`the answer is ${actual}, not ${expected}`];
  return { what, answer: actual, pushes: [], problems };
}
