/** The part of the program that shows figures and parts. */
export const tablesScript = String.raw`
let before;
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

/** ISO 8601 as people read it, in the time of this machine. */
const when = (iso) => new Date(iso).toLocaleString('sv-SE');
const shownLists = {};

/** Draws a list anew only if it changed, so that nothing moves and a selection stays. */
function showList(id, values, draw, nothing) {
  const text = JSON.stringify(values);
  if (shownLists[id] === text) return;
  shownLists[id] = text;
  at(id).replaceChildren(...(values.length > 0 ? values.map(draw) : [make('li', nothing, 'dim')]));
}

/** A line: a title, what it says, and what to do. */
function line(title, className, text, hint) {
  const item = make('li');
  item.append(make('strong', title, className), ' ', text);
  if (hint) item.append(' ', make('span', hint, 'dim'));
  return item;
}

function describeFailure({ what, hint, app, count, firstAt, at: latest, registration, domain }) {
  const times = count === 1 ? 'once' : count.toLocaleString('en') + ' times since ' + when(firstAt);
  const item = line((app ? app + ': ' : '') + what, 'warn', times + ', last ' + when(latest) + ', device ' + registration + (domain ? ', publish from ' + domain : ''));
  if (hint) item.append(make('p', 'What to do: ' + hint, 'dim'));
  return item;
}

function describeLink({ link, up, lastStanzaAt, lost }) {
  const losses = Object.entries(lost).map(([reason, count]) => count + ' × ' + reason).join(', ');
  return line(link + (up === 0 ? ': down' : up === 1 ? ': up' : ': ' + up + ' connections up'), up === 0 ? 'fail' : 'pass',
    (lastStanzaAt ? 'last stanza ' + when(lastStanzaAt) : 'no stanza since the start') + '; ' + (losses ? 'lost since the start: ' + losses : 'never lost since the start'));
}

function describeCredential({ app, kind, expiresAt, daysLeft }) {
  return line(app + ', ' + kind, daysLeft < 0 ? 'fail' : daysLeft < 30 ? 'warn' : 'pass', (daysLeft < 0 ? 'expired' : daysLeft + ' days left, until') + ' ' + when(expiresAt));
}

function showStanding({ failures, links, credentials }) {
  showList('failures', failures, describeFailure, 'Nothing failed since the start.');
  showList('links', links, describeLink, 'No link has connected yet.');
  showList('credentials', credentials, describeCredential, 'No credential of the config expires.');
}
`;
