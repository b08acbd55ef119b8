/** What keeps a client from reading the answer to its registration, in words for whoever wrote the answer. */
import type { Element } from 'ltx';
import { answerWord, attribute, type IqAnswer } from '../server/stanza.ts';
import type { ClientModel } from './models.ts';

/** @returns `undefined` when the client reads node and, where it seals, the feature of sealing */
export function whyUnreadable(client: ClientModel, answer: IqAnswer): string | undefined {
  if (answer.kind !== 'result') return `the command is answered ${answerWord(answer)}`;
  const command = answer.stanza.getChild('command', 'http://jabber.org/protocol/commands');
  if (!command) return 'the result of register-device holds no command';
  const form = command.getChild('x', 'jabber:x:data');
  if (!form) return 'the result of register-device holds no form';
  if (client.formTypes.length > 0 && !client.formTypes.includes(attribute(form, 'type') ?? '')) {
    return 'the form in the result has no type that clients know, such as result';
  }
  return (
    whyNotRead(form, 'node', client.nodeTypes) ??
    (client.seals ? (whyNotRead(form, 'features', client.featuresTypes) ?? whyNotSealing(form)) : undefined)
  );
}

function whyNotRead(form: Element, name: string, types: readonly string[]): string | undefined {
  const field = form.getChildren('field').find((each) => attribute(each, 'var') === name);
  if (!field) return `the form in the result has no field ${name}`;
  const type = attribute(field, 'type');
  if (types.includes(type ?? 'text-single')) return undefined;
  return `the field ${name} has ${type === undefined ? 'no type' : `the type ${type}`}, and clients read ${types[0]} alone`;
}

function whyNotSealing(form: Element): string | undefined {
  const field = form.getChildren('field').find((each) => attribute(each, 'var') === 'features');
  const values = field?.getChildren('value').map((value) => value.getText()) ?? [];
  if (values.includes('tigase:push:encrypt:0')) return undefined;
  return 'the field features does not list tigase:push:encrypt:0: no client asks its server to seal';
}
