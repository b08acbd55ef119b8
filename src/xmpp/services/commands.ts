/**
 * Ad-hoc commands (XEP-0050) with one form. Clients that know it send it with the first request, whose answer is the
 * result. To a request without it the form is offered, for a person to fill in; nothing is kept until it comes back.
 */
import type { Command, CommandOutcome, Commands, FormFields } from '../../conventions/command.ts';
import type { Clock } from '../../time/clock.ts';
import { attribute, child, detach, escapeXml } from '../stream/element.ts';
import { readForm, renderEmptyForm, renderResultForm } from './form.ts';
import type { Iq, IqReply } from './iq.ts';
import { NS } from '../stream/namespaces.ts';

/** Answers a `<command xmlns='http://jabber.org/protocol/commands'/>`. */
export function answerCommand(
  { commands, clock }: { readonly commands: Commands; readonly clock: Clock },
  iq: Iq,
): IqReply | Promise<IqReply> {
  const node = attribute(iq.payload, 'node') ?? '';
  const command = commands.get(node);
  if (!command) return { kind: 'error', error: 'unknown-command' };
  // No session is kept, but a responder has to return a session id.
  const session = attribute(iq.payload, 'sessionid');
  const sessionId = session ?? String(clock.now());
  const action = attribute(iq.payload, 'action') ?? '';
  switch (action) {
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
  if (!form) {
    const begins = session === undefined && (action === '' || action === 'execute');
    return begins ? offerForm(command, node, sessionId) : { kind: 'error', error: 'no-form' };
  }
  return answerOutcome(
    command.run(detach(iq.from), detached(readForm(form))),
    command.completedStatus ?? 'completed',
    node,
    sessionId,
  );
}

/** XEP-0050 section 3.4: the actions, and which of them `execute` stands for. */
const ACTIONS = "<actions execute='complete'><complete/></actions>";

function offerForm({ title, form }: Command, node: string, sessionId: string): IqReply {
  const content = ACTIONS + renderEmptyForm(title, form);
  return { kind: 'result', payload: renderCommand(node, sessionId, 'executing', content) };
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

type CommandStatus = 'executing' | 'completed' | 'complete' | 'canceled';

function renderCommand(node: string, sessionId: string, status: CommandStatus, content: string): string {
  const attributes = `node='${escapeXml(node)}' sessionid='${escapeXml(sessionId)}' status='${status}'`;
  return `<command xmlns='${NS.commands}' ${attributes}>${content}</command>`;
}

/** Copies the fields, since what a command stores must not keep the packet in memory that they came in. */
function detached(fields: FormFields): FormFields {
  return new Map([...fields].map(([name, value]) => [name, detach(value)]));
}
