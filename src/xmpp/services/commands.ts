/** Ad-hoc commands (XEP-0050) of one stage: the first request carries the form, its answer the result. */
import type { CommandOutcome, Commands, FormFields } from '../../conventions/command.ts';
import type { Clock } from '../../time/clock.ts';
import { attribute, child, detach, escapeXml } from '../stream/element.ts';
import { readForm, renderResultForm } from './form.ts';
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
  // One stage needs no session, but a responder has to return a session id.
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
  return answerOutcome(
    command.run(detach(iq.from), detached(readForm(form))),
    command.completedStatus ?? 'completed',
    node,
    sessionId,
  );
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

/** Copies the fields, since what a command stores must not keep the packet in memory that they came in. */
function detached(fields: FormFields): FormFields {
  return new Map([...fields].map(([name, value]) => [name, detach(value)]));
}
