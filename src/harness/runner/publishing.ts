/** Publishes of a scenario: of its server when something happens, or written by hand. */
import { escapeXML } from 'ltx';
import type { Step } from '../scenarios/scenario.ts';
import { seal, type Sealed } from '../sealing/sealing.ts';
import type { ServerEvent } from '../server/event.ts';
import { reactTo } from '../server/reaction.ts';
import { type Addresses, findMisdirected } from '../server/misdirected.ts';
import type { IqAnswer } from '../server/stanza.ts';
import { type Secret, secretsOf } from './leaks.ts';
import type { ScenarioStage } from './environment.ts';
import type { Scene } from './scene.ts';

/** One publish, and what the component answered. */
export interface Published {
  /** What was done, in words. */
  readonly what: string;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly stanza?: string;
  /** The JSON before it was sealed, and the seal. */
  readonly json?: string;
  readonly sealed?: Sealed;
  /** `undefined`: the server did not publish. */
  readonly answer?: IqAnswer;
  /** Whether the server of the account keeps the device after this answer; absent: it has nothing to decide. */
  readonly kept?: boolean;
  /** What is wrong with an answer that came, but not to where the publish came from. */
  readonly misdirected?: string;
  /** What must not reach a provider. */
  readonly secrets: readonly Secret[];
}

/** Longer than any server waits; the rest is silence. */
const answerWithinMs = 32_000;

/** Lets something happen to the account. */
export async function publishEvent(scene: Scene, template: ServerEvent): Promise<Published> {
  const { account, phone, stage } = scene;
  const event = JSON.parse(scene.fill(JSON.stringify(template))) as ServerEvent;
  const startedAtMs = stage.clock.now();
  const reports = await account.notify(event);
  const report = reports.find(({ device }) => device.jid === stage.component && device.node === phone.node);
  const sealed = report?.publish.sealed;
  return {
    what: `the server publishes: ${event.kind}`,
    startedAtMs,
    ...(report && { stanza: report.publish.xml, kept: report.kept, answer: report.answer }),
    ...(report && describeMisdirected(stage, report.answer, report.publish)),
    ...(sealed && { json: sealed.content.json, sealed: sealed.seal }),
    secrets: sealed ? secretsOf(event) : [],
  };
}

function describeMisdirected({ acceptor }: ScenarioStage, answer: IqAnswer, iq: Addresses): { misdirected?: string } {
  const misdirected = answer.kind === 'silence' ? findMisdirected(acceptor, iq) : undefined;
  return misdirected === undefined ? {} : { misdirected };
}

const chatByHand = '{"unread":1,"sender":"juliet@capulet.example","type":"chat","message":"By hand"}';

/** Sends a publish that was written by hand. */
export async function publishByHand(scene: Scene, step: Extract<Step, { do: 'publish' }>): Promise<Published> {
  const { stage, host, phone } = scene;
  const { acceptor, component, clock, randomBytes } = stage;
  const json = step.payload ?? chatByHand;
  const sealed = seal(json, phone.key, randomBytes);
  const text = (template: string) => scene.fill(template, { sealed: sealed.ciphertext, iv: sealed.iv });
  const isSealed = step.notification.includes('{sealed}');
  const options = step.options === undefined ? '' : `<publish-options>${text(step.options)}</publish-options>`;
  const node = escapeXML(scene.fill(step.node ?? '{node}'));
  const inside =
    step.pubsub === undefined
      ? `<publish node='${node}'><item><notification xmlns='urn:xmpp:push:0'>${text(step.notification)}` +
        `</notification></item></publish>${options}`
      : text(step.pubsub);
  const [id, from] = [Buffer.from(randomBytes(8)).toString('hex'), scene.fill(step.from ?? '{domain}')];
  const stanza =
    `<iq type='set' from='${escapeXML(from)}' to='${escapeXML(component)}' id='${id}'>` +
    `<pubsub xmlns='http://jabber.org/protocol/pubsub'>${inside}</pubsub></iq>`;
  const startedAtMs = clock.now();
  const answer = await acceptor.request({ id, from, to: component, xml: stanza }, answerWithinMs);
  return {
    what: 'a publish by hand',
    startedAtMs,
    stanza,
    ...(isSealed && { json, sealed }),
    answer,
    ...describeMisdirected(stage, answer, { id, from, to: component }),
    // Only the account's own server draws conclusions.
    kept: from === host.domain ? reactTo(host.flavour.reaction, answer, 0).kept : true,
    secrets: (step.clear ?? []).map((words) => ({ name: 'what stands in clear beside the ciphertext', text: words })),
  };
}
