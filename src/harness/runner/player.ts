/** Plays one scenario on a stage, step by step. */
import { escapeXML } from 'ltx';
import type { ReceivedPush } from '../stand-ins/contract.ts';
import { receivePush } from '../clients/device.ts';
import type { ServerEvent } from '../server/event.ts';
import { reactTo } from '../server/reaction.ts';
import { judgeFields, judgeLeak, judgePushes, judgeShowing, keysOf, say, secretsOf } from './judge.ts';
import { createMailbox } from './mailbox.ts';
import { createPhone, type ScenarioPhone } from './phones.ts';
import { describePush, type Passage, type SeenPush } from './result.ts';
import type { ScenarioStage } from './environment.ts';
import { phones } from '../scenarios/phones.ts';
import type { Expectation, PushExpectation, Scenario, Showing, Step } from '../scenarios/scenario.ts';
import { seal } from '../sealing/sealing.ts';
import { answerWord } from '../server/stanza.ts';
import type { Account } from '../server/xmpp-server.ts';

/** How long a push may take that should have come before the answer: some components answer first. */
const arriveWithinMs = 2_000;
/** How long a push may take that comes by itself: a pause of a few seconds, and a loaded machine. */
const waitWithinMs = 15_000;
const answerWithinMs = 32_000;

export interface PlayedScenario {
  readonly passages: Passage[];
  /** Pushes that nobody expected, so far. */
  surplus(): readonly ReceivedPush[];
  /** Stops watching. */
  end(): void;
}

export async function playScenario(scenario: Scenario, stage: ScenarioStage): Promise<PlayedScenario> {
  const player = createPlayer(scenario, stage);
  const passages: Passage[] = [];
  for (const step of scenario.steps) {
    const passage = await player.play(step);
    passages.push(passage);
    // What follows would only say so again.
    if (passage.problems.length > 0) break;
  }
  return { passages, surplus: player.surplus, end: player.end };
}

function createPlayer(scenario: Scenario, stage: ScenarioStage) {
  const { acceptor, providers, component, clock, randomBytes } = stage;
  const profile = phones[scenario.phone];
  const host = stage.hosts.get(scenario.server ?? 'reference');
  if (!host) throw new Error(`no server of the kind ${scenario.server}`);
  const { flavour, domain } = host;
  const account: Account = host.account(scenario.id);
  const phone: ScenarioPhone = createPhone({
    scenario,
    account,
    component,
    appId: idFor(scenario, stage),
    randomBytes,
  });
  const standIn = providers[profile.provider];
  const mailbox = createMailbox(standIn, clock);
  const watchTokens = () => {
    mailbox.watch(phone.token, 'first');
    if (phone.secondToken !== undefined) mailbox.watch(phone.secondToken, 'second');
  };
  watchTokens();

  /** Publishes name it even after the phone has left. */
  let latestNode = phone.node;
  const places = (more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({
    account: account.jid,
    ACCOUNT: account.jid.toUpperCase(),
    domain,
    component,
    node: (latestNode = phone.node ?? latestNode) ?? '',
    token: phone.token,
    TOKEN: phone.token.toUpperCase(),
    secondToken: phone.secondToken ?? '',
    key: Buffer.from(phone.key).toString('base64'),
    p2Account: phone.p2Account,
    ...more,
  });
  const fill = (text: string, more?: Readonly<Record<string, string>>) => {
    const known = places(more);
    return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => known[name] ?? whole);
  };

  async function play(step: Step): Promise<Passage> {
    switch (step.do) {
      case 'discover':
        return simple('discovers the service', String(step.expect), String(await phone.discover()));
      case 'register': {
        const before = phone.node;
        if (step.newToken) phone.renewToken();
        watchTokens();
        const passage = simple('registers', step.expect ?? 'registered', await phone.register());
        if (!step.sameNode || phone.node === before) return passage;
        return { ...passage, problems: [...passage.problems, 'the node is another one'] };
      }
      case 'enable':
        return simple('enables push', 'result', phone.enable(step.sealed ?? true));
      case 'disable':
        return simple('disables push', 'result', phone.disable(step.everywhere ?? false));
      case 'ask-server': {
        const stanza = fill(step.xml);
        const answer = account.request(stanza);
        const word = answer.kind === 'error' ? `${answer.type}/${answer.condition}` : answer.kind;
        return { ...simple('asks its server', step.expect, word), stanza };
      }
      case 'unregister': {
        const left = step.over === 'http' ? await unregisterOverHttp(fill(step.body ?? '')) : await phone.unregister();
        return simple(step.over === 'http' ? 'unregisters over HTTP' : 'unregisters', step.expect, left);
      }
      case 'provider': {
        const token = step.token === 'second' ? (phone.secondToken ?? '') : phone.token;
        standIn.script(profile.provider === 'apns' ? token.toLowerCase() : token, step.script);
        const answers = step.script ? say({ ...step.script }) : 'as usual';
        return { what: `the provider will answer ${answers}`, pushes: [], problems: [] };
      }
      case 'happen':
        return happen(step.event, step.expect);
      case 'publish':
        return publish(step);
      case 'wait':
        return awaitPush(step.expect, step.shows);
    }
  }

  async function happen(template: ServerEvent, expected: Expectation): Promise<Passage> {
    const event = JSON.parse(fill(JSON.stringify(template))) as ServerEvent;
    const startedAtMs = clock.now();
    const reports = await account.notify(event);
    const report = reports.find(({ device }) => device.jid === component && device.node === phone.node);
    return conclude(`the server publishes: ${event.kind}`, startedAtMs, expected, {
      ...(report && { stanza: report.publish.xml, kept: report.kept }),
      ...(report?.publish.sealed && { json: report.publish.sealed.content.json }),
      answer: report ? answerWord(report.answer) : 'no publish',
      ...(report?.answer.kind === 'error' && { conditionFirst: report.answer.conditionFirst }),
      secrets: report?.publish.sealed ? secretsOf(event) : [],
    });
  }

  async function publish(step: Extract<Step, { do: 'publish' }>): Promise<Passage> {
    const json = step.payload ?? '{"unread":1,"sender":"juliet@capulet.example","type":"chat","message":"By hand"}';
    const { ciphertext, iv } = seal(json, phone.key, randomBytes);
    const text = (template: string) => fill(template, { sealed: ciphertext, iv });
    const isSealed = step.notification.includes('{sealed}');
    const options = step.options === undefined ? '' : `<publish-options>${text(step.options)}</publish-options>`;
    const node = escapeXML(fill(step.node ?? '{node}'));
    const inside =
      step.pubsub === undefined
        ? `<publish node='${node}'><item><notification xmlns='urn:xmpp:push:0'>${text(step.notification)}` +
          `</notification></item></publish>${options}`
        : text(step.pubsub);
    const [id, from] = [Buffer.from(randomBytes(8)).toString('hex'), fill(step.from ?? '{domain}')];
    const stanza =
      `<iq type='set' from='${escapeXML(from)}' to='${escapeXML(component)}' id='${id}'>` +
      `<pubsub xmlns='http://jabber.org/protocol/pubsub'>${inside}</pubsub></iq>`;
    const startedAtMs = clock.now();
    const answer = await acceptor.request({ id, from, to: component, xml: stanza }, answerWithinMs);
    return conclude('a publish by hand', startedAtMs, step.expect, {
      stanza,
      ...(isSealed && { json }),
      answer: answerWord(answer),
      // Only the account's own server draws conclusions.
      kept: from === domain ? reactTo(flavour.reaction, answer, 0).kept : true,
      ...(answer.kind === 'error' && { conditionFirst: answer.conditionFirst }),
      secrets: [],
    });
  }

  interface Published {
    readonly stanza?: string;
    readonly json?: string;
    readonly answer: string;
    readonly kept?: boolean;
    readonly conditionFirst?: boolean;
    /** Words that must not reach a provider. */
    readonly secrets: readonly string[];
  }

  async function conclude(
    what: string,
    startedAtMs: number,
    expected: Expectation,
    found: Published,
  ): Promise<Passage> {
    const answeredAfterMs = clock.now() - startedAtMs;
    if (expected.pushes.length > 0) await mailbox.whenArrived(expected.pushes.length, arriveWithinMs);
    const previous = mailbox.latest;
    const pushes = mailbox.take();
    const problems = compare(expected.answer, found.answer, 'the answer');
    if (found.conditionFirst === false) problems.push('in the answer the text precedes the condition');
    if (found.kept !== undefined && found.kept !== (expected.kept ?? true)) {
      problems.push(found.kept ? 'the server keeps the device' : 'the server drops the device');
    }
    for (const piece of expected.stanza?.has ?? []) {
      if (!found.stanza?.includes(piece)) problems.push(`the stanza lacks ${piece}`);
    }
    for (const piece of expected.stanza?.lacks ?? []) {
      if (found.stanza?.includes(piece)) problems.push(`the stanza has ${piece}`);
    }
    problems.push(...judgeAll(pushes, expected.pushes, previous));
    problems.push(...found.secrets.flatMap((secret) => judgeLeak(secret, pushes)));
    const last = pushes.at(-1);
    const view = last && viewOf(last);
    if (expected.shows) problems.push(...judgeShowing(view?.shown, expected.shows));
    const arrivedSealed = last !== undefined && last.status === 200 && 'encrypted' in keysOf(last);
    if (expected.unopened && view?.opened !== undefined) problems.push('the phone opens what it should not');
    if (found.json !== undefined && arrivedSealed && !expected.unopened && view?.opened !== found.json) {
      problems.push(`the phone reads ${say(view?.opened ?? 'nothing')}, not what was sealed: ${say(found.json)}`);
    }
    if (expected.opened && view?.opened === undefined) problems.push('the phone cannot read it');
    else if (expected.opened && view?.opened !== undefined) problems.push(...judgeFields(view.opened, expected.opened));
    return {
      what,
      ...(found.json !== undefined && { json: found.json }),
      ...(found.stanza !== undefined && { stanza: found.stanza }),
      answer: found.answer,
      answeredAfterMs,
      pushes: pushes.map((push) => seen(push, startedAtMs)),
      ...(view?.opened !== undefined && { opened: view.opened }),
      ...(view && { shown: view.shown }),
      problems,
    };
  }

  async function awaitPush(expected: PushExpectation, shows: Showing | undefined): Promise<Passage> {
    const startedAtMs = clock.now();
    await mailbox.whenArrived(1, waitWithinMs);
    const previous = mailbox.latest;
    const [push] = mailbox.take(1);
    const what = 'a push comes by itself';
    if (!push) return { what, pushes: [], problems: [`nothing came within ${waitWithinMs / 1000} s`] };
    const view = viewOf(push);
    return {
      what,
      pushes: [seen(push, startedAtMs)],
      ...(view.opened !== undefined && { opened: view.opened }),
      shown: view.shown,
      problems: [...judgeAll([push], [expected], previous), ...(shows ? judgeShowing(view.shown, shows) : [])],
    };
  }

  function judgeAll(
    pushes: readonly ReceivedPush[],
    expected: readonly PushExpectation[],
    previous: ReceivedPush | undefined,
  ): string[] {
    const filled = expected.map((each) => ({ ...each, values: fillValues(each.values) }));
    const strict = scenario.scope === 'sealpost';
    return judgePushes(pushes, filled, { strict, topic: providers.topic, placeOf: mailbox.placeOf, previous });
  }

  function fillValues(values: PushExpectation['values'] = {}): Readonly<Record<string, unknown>> {
    const entries = Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' ? fill(value) : value,
    ]);
    return Object.fromEntries(entries) as Record<string, unknown>;
  }

  function viewOf(push: ReceivedPush) {
    return receivePush(push, { reads: profile.reads, keys: new Map([[account.jid, phone.key]]) });
  }

  function seen(push: ReceivedPush, startedAtMs: number): SeenPush {
    return describePush(push, mailbox.placeOf(push), startedAtMs);
  }

  async function unregisterOverHttp(body: string): Promise<string> {
    const response = await fetch(`${stage.publicUrl}/unregister-device/${component}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(answerWithinMs),
    });
    const { result } = (await response.json()) as { result?: unknown };
    return String(result);
  }

  return { play, surplus: mailbox.surplus, end: mailbox.close };
}

/** What the phone registers with: its client's own id, unless it belongs to another app. */
function idFor({ phone, app }: Scenario, { idOf, ownIds }: ScenarioStage): string {
  const profile = phones[phone];
  if (ownIds) return ownIds[profile.provider];
  return app === undefined && 'model' in profile ? profile.model.providerId : idOf(app ?? profile.app);
}

function simple(what: string, expected: string, actual: string): Passage {
  return { what, answer: actual, pushes: [], problems: compare(expected, actual, 'the answer') };
}

function compare(expected: string, actual: string, what: string): string[] {
  return expected === actual ? [] : [`${what} is ${actual}, not ${expected}`];
}
