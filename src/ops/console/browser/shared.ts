/** The part of the program that the others use. It writes text, never HTML, and speaks to the host that it came from alone. */
export const sharedScript = String.raw`'use strict';
const at = (id) => document.getElementById(id);
let token = '';

/** An element with text and children. */
function make(name, text, className) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

function say(text, className) {
  at('sentence').textContent = text;
  at('sentence').className = className || '';
}

async function ask(path, { headers, ...rest } = {}) {
  const response = await fetch(path, { headers: { ...headers, authorization: 'Bearer ' + token }, ...rest });
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  throw new Error([body.error || 'answer ' + response.status, body.hint].filter(Boolean).join('; '));
}

/** The events of an answer (WHATWG HTML, "Server-sent events"): name and data. */
async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let name = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith('event: ')) name = line.slice(7);
      if (line.startsWith('data: ')) yield { name, data: JSON.parse(line.slice(6)) };
    }
  }
}
`;
