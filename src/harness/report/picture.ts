/** The way of one notification as a picture: SVG with a text for those who do not see it. */
import { escapeXML } from 'ltx';
import type { Passage, SeenPush } from '../runner/result.ts';

const stations = ['XMPP server', 'App server', 'Provider', 'Phone'] as const;
const [width, height, box, gap] = [880, 92, 130, 120] as const;
const middle = 42;

/** Nothing for steps in which nothing travelled. */
export function drawPassage(passage: Passage): string {
  const { pushes, answer, stanza } = passage;
  const push = pushes.at(-1);
  if (stanza === undefined && !push) return '';
  const xOf = (index: number) => index * (box + gap);
  const boxes = stations.map((name, index) => {
    const reached =
      index === 0 ? stanza !== undefined : index === 1 || (index === 2 ? push : passage.shown) !== undefined;
    return (
      `<g class="${reached ? 'reached' : 'missed'}"><rect x="${xOf(index) + 1}" y="${middle - 18}" width="${box - 2}" height="36" rx="6"/>` +
      `<text x="${xOf(index) + box / 2}" y="${middle + 5}">${name}</text></g>`
    );
  });
  const labels = [
    stanza === undefined ? undefined : { above: `${count(stanza.length)} B`, below: answerLabel(passage) },
    push && { above: `${count(push.bytes)} B`, below: `${push.status || 'no answer'}, ${Math.round(push.afterMs)} ms` },
    passage.shown && {
      above: passage.opened === undefined ? 'not opened' : `${count(bytesOf(passage.opened))} B`,
      below: passage.shown.kind,
    },
  ];
  const arrows = labels.map((label, index) => {
    if (!label) return '';
    const [from, to] = [xOf(index) + box + 4, xOf(index + 1) - 4];
    const centre = (from + to) / 2;
    return (
      `<g class="arrow"><path d="M${from} ${middle}H${to - 7}"/><path class="head" d="M${to - 8} ${middle - 5}L${to} ${middle}L${to - 8} ${middle + 5}Z"/>` +
      `<text x="${centre}" y="${middle - 9}">${escapeXML(label.above)}</text>` +
      `<text x="${centre}" y="${middle + 21}">${escapeXML(label.below)}</text></g>`
    );
  });
  return (
    `<svg role="img" viewBox="0 0 ${width} ${height}" aria-label="${escapeXML(inWords(passage, answer, pushes))}">` +
    `${boxes.join('')}${arrows.join('')}</svg>`
  );
}

function answerLabel({ answer, answeredAfterMs }: Passage): string {
  const word = answer?.split('/').at(-1) ?? '';
  return `${shorten(word)}${answeredAfterMs === undefined ? '' : `, ${Math.round(answeredAfterMs)} ms`}`;
}

function shorten(word: string): string {
  return word.length <= 12 ? word : `${word.slice(0, 11)}…`;
}

function inWords(passage: Passage, answer: string | undefined, pushes: readonly SeenPush[]): string {
  const parts = [
    passage.stanza === undefined ? undefined : `The XMPP server sent ${count(passage.stanza.length)} bytes`,
    answer === undefined ? undefined : `the answer was ${answer}`,
    `${pushes.length} request${pushes.length === 1 ? '' : 's'} reached the provider`,
    passage.shown && `on the phone: ${passage.shown.kind}`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}

function count(value: number): string {
  return value.toLocaleString('en');
}
