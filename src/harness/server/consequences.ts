/** What each deployed server makes of an answer to a publish: an error that one keeps a device at, another deletes it at. */
import { reactTo } from './reaction.ts';
import { ejabberd, type Flavour, mongooseim, prosody13, tigase } from './server-flavours.ts';
import { answerWord, type IqAnswer } from './stanza.ts';

const servers: readonly { readonly name: string; readonly flavour: Flavour }[] = [
  { name: 'ejabberd', flavour: ejabberd },
  { name: 'Tigase', flavour: tigase },
  { name: 'MongooseIM', flavour: mongooseim },
  { name: 'Prosody', flavour: prosody13 },
];

/** Whether the answer counts against the device: at once, or, with Prosody, when it comes often enough. */
function countsAgainst({ reaction }: Flavour, answer: IqAnswer): boolean {
  const { kept, errorsInARow } = reactTo(reaction, answer, 0);
  return !kept || errorsInARow > 0;
}

/** Who must keep the device. */
export type Keepers = 'every server' | 'every server that seals';

/** Why an answer is not one to give for a device that is alive, as a sentence; `undefined`: everybody keeps the device. */
export function whyHarmful(answer: IqAnswer, keepers: Keepers = 'every server'): string | undefined {
  const word = answerWord(answer);
  if (answer.kind === 'silence') return 'no answer comes, and an IQ must be answered';
  if (answer.kind === 'disconnected') return 'the component closes its connection';
  const asked = servers.filter(({ flavour }) => {
    if (keepers === 'every server') return countsAgainst(flavour, answer);
    // Prosody deletes only what fails many times in a row.
    return flavour.seals && !reactTo(flavour.reaction, answer, 0).kept;
  });
  if (asked.length === 0) return undefined;
  return `the answer ${word} makes ${list(asked.map(({ name }) => name))} delete a device that is alive`;
}

/** Why an answer does not let every server forget a dead device, as a sentence; `undefined`: it does. */
export function whyNotForgotten(answer: IqAnswer): string | undefined {
  const keeping = servers.filter(({ flavour }) => !countsAgainst(flavour, answer));
  if (keeping.length === 0) return undefined;
  const verb = keeping.length === 1 ? 'keeps' : 'keep';
  return `at the answer ${answerWord(answer)} ${list(keeping.map(({ name }) => name))} ${verb} a dead device`;
}

function list(names: readonly string[]): string {
  return new Intl.ListFormat('en', { type: 'conjunction' }).format(names);
}
