/** The program of the console. It writes text, never HTML, and speaks to the host that it came from alone. */
export const consoleScript = String.raw`'use strict';
const at = (id) => document.getElementById(id);
let token = '';
let before;

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

async function ask(path, signal) {
  const response = await fetch(path, { headers: { authorization: 'Bearer ' + token }, signal });
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  throw new Error([body.error || 'answer ' + response.status, body.hint].filter(Boolean).join('; '));
}

const number = (value) => value.toLocaleString('en', { maximumFractionDigits: 1 });

function showApps(overview) {
  const seconds = before ? (Date.parse(overview.at) - Date.parse(before.at)) / 1000 : 0;
  const rows = overview.apps.map((app) => {
    const earlier = before && before.apps.find((one) => one.app === app.app);
    const rate = (pick) => (earlier && seconds > 0 ? number((pick(app) - pick(earlier)) / seconds) : '…');
    const accepted = (one) => one.results.accepted || 0;
    const others = (one) => Object.values(one.results).reduce((sum, count) => sum + count, 0) - accepted(one);
    const timed = earlier ? app.timed - earlier.timed : 0;
    const age = app.oldestQueuedAt ? Math.max(0, (Date.parse(overview.at) - Date.parse(app.oldestQueuedAt)) / 1000) : undefined;
    const row = make('tr');
    const name = make('th', app.app);
    name.scope = 'row';
    row.append(
      name,
      make('td', rate(accepted)),
      make('td', rate(others)),
      make('td', timed > 0 ? number(((app.seconds - earlier.seconds) / timed) * 1000) + ' ms' : '–'),
      make('td', number(app.queued)),
      make('td', age === undefined || app.queued === 0 ? '–' : number(age) + ' s'),
      make('td', number(app.registrations)),
    );
    return row;
  });
  at('apps').replaceChildren(...rows);
}

function showParts(checks) {
  const parts = Object.entries(checks).map(([name, { status, reason, hint }]) => {
    const item = make('li');
    item.append(make('strong', name + ': ' + status, status));
    if (reason) item.append(' ', make('span', reason));
    if (hint) item.append(' ', make('span', hint, 'dim'));
    return item;
  });
  at('parts').replaceChildren(...parts);
}

function show(overview) {
  say(overview.sentence, overview.health.status);
  showApps(overview);
  showParts(overview.health.checks);
  before = overview;
}

/** Shows the events of the server until it ends them. */
async function follow() {
  const response = await ask('/console/live');
  at('shown').hidden = false;
  at('enter').hidden = true;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop();
    for (const line of lines) if (line.startsWith('data: ')) show(JSON.parse(line.slice(6)));
  }
}

async function live() {
  for (;;) {
    try {
      await follow();
    } catch (error) {
      if (at('shown').hidden) {
        say(error.message, 'fail');
        return;
      }
    }
    say('The server does not answer. Trying again …', 'fail');
    before = undefined;
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
}

function describeDevice(device) {
  const article = make('article');
  article.append(make('h3', device.fingerprint + ', ' + device.app + ' (' + device.convention + '), ' + device.state));
  article.append(make('p', device.summary));
  const facts = [
    ['registered', device.registeredAt && device.registeredAt + (device.over ? ' over ' + device.over : '')],
    ['last publish', device.lastPublish && device.lastPublish.at + ': ' + device.lastPublish.what],
    ['last push', device.lastPush && device.lastPush.at + ': ' + device.lastPush.what],
    ['queued', device.queued && String(device.queued.pushes)],
  ];
  for (const [name, value] of facts) if (value) article.append(make('p', name + ' ' + value, 'dim'));
  return article;
}

at('enter').addEventListener('submit', (event) => {
  event.preventDefault();
  token = at('token').value;
  at('token').value = '';
  void live();
});

at('find').addEventListener('submit', async (event) => {
  event.preventDefault();
  const text = at('account').value.trim();
  const name = text.includes('@') ? 'account' : 'find';
  try {
    const { devices } = await (await ask('/devices?' + new URLSearchParams({ [name]: text }))).json();
    at('devices').replaceChildren(
      ...(devices.length > 0 ? devices.map(describeDevice) : [make('p', 'No device is registered, nor was one removed in the latest 400 days.')]),
    );
  } catch (error) {
    at('devices').replaceChildren(make('p', error.message, 'fail'));
  }
});
`;
