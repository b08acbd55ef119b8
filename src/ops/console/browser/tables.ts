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
`;
