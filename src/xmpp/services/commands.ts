/** Ad-hoc commands (XEP-0050) of a single stage: the form comes with the first request, the result with its answer. */
import type { Clock } from '../../time/clock.ts';
import { attribute, child, escapeXml } from '../stream/element.ts';
import type { StanzaError } from './errors.ts';
import { type FormFields, readForm, renderResultForm, type ResultField } from './form.ts';
import type { Iq, IqReply } from './iq.ts';
import { NS } from '../stream/namespaces.ts';

/** What a command did: fields of its result, or why it did nothing. */
export type CommandOutcome =
  | { readonly kind: 'completed'; readonly fields: readonly ResultField[] }
  | { readonly kind: 'refused'; readonly error: StanzaError };

export interface Command {
  /** Its name for people. */
  readonly title: string;
  /** `complete` is no word of XEP-0050, but what clients of one convention have always been answered. */
  readonly completedStatus?: 'complete';
  /** @param from who asks: a full JID as it came */
  run(from: string, fields: FormFields): CommandOutcome | Promise<CommandOutcome>;
}

/** Commands by their node. */
export type Commands = ReadonlyMap<string, Command>;

/** Answers a `<command xmlns='http://jabber.org/protocol/commands'/>`. */
export function answerCommand(
  { commands, clock }: { readonly commands: Commands; readonly clock: Clock },
  iq: Iq,
): IqReply | Promise<IqReply> {
  const node = attribute(iq.payload, 'node') ?? '';
  const command = commands.get(node);
  if (!command) return { kind: 'error', error: 'unknown-command' };
  // One stage needs no session; the id is there because a responder has to give one.
  const sessionId = attribute(iq.payload, 'sessionid') ?? String(clock.now());
  switch (attribute(iq.payload, 'action') ?? '') {
    case '':
    case 'execute':
    case 'complete':
    case 'next':
      break;
    case 'cancel':
      return { kind: 'result', payload: renderCommand(node, sessionId, 'canceled', '') };
    case 'prev':
      return { kind: 'error', error: 'no-previous-stage' };
    default:
      return { kind: 'error', error: 'unknown-action' };
  }
  const form = child(iq.payload, 'x', NS.form);
  if (!form) return { kind: 'error', error: 'no-form' };
  return answerOutcome(command.run(iq.from, readForm(form)), command.completedStatus ?? 'completed', node, sessionId);
}

async function answerOutcome(
  running: CommandOutcome | Promise<CommandOutcome>,
  status: CommandStatus,
  node: string,
  sessionId: string,
): Promise<IqReply> {
  const outcome = await running;
  if (outcome.kind === 'refused') return { kind: 'error', error: outcome.error };
  return { kind: 'result', payload: renderCommand(node, sessionId, status, renderResultForm(outcome.fields)) };
}

type CommandStatus = 'completed' | 'complete' | 'canceled';

function renderCommand(node: string, sessionId: string, status: CommandStatus, content: string): string {
  const attributes = `node='${escapeXml(node)}' sessionid='${escapeXml(sessionId)}' status='${status}'`;
  return `<command xmlns='${NS.commands}' ${attributes}>${content}</command>`;
}
