/** The part of the program that draws the history, with uPlot. A chart is a slider over time for keyboard and screen reader. */
export const chartsScript = String.raw`
const HEIGHT = 170;
/** Title, what its numbers are, and its lines: name, class of the colour, dashes, and the column. */
const CHARTS = [
  { title: 'Notifications a second', unit: '', ofAll: true, lines: [
    ['taken', 'good', [], 'taken'], ['refused', 'bad', [6, 4], 'refused'] ] },
  { title: 'Pushes a second, by result', unit: '', lines: [
    ['accepted', 'good', [], 'accepted'], ['not taken yet', 'warn', [6, 4], 'retry'], ['dead token', 'way', [2, 3], 'dead-token'],
    ['payload rejected', 'odd', [8, 3, 2, 3], 'payload-rejected'], ['provider refuses us', 'bad', [10, 4], 'misconfigured'] ] },
  { title: 'Latency of the provider', unit: ' ms', factor: 1000, nothing: 'No push was timed in this time.', lines: [
    ['half of the pushes below', 'way', [], 'median'], ['95 % below', 'odd', [6, 4], 'p95'] ] },
  { title: 'Pushes in the outbox', unit: '', lines: [['queued', 'way', [], 'queued']] },
  { title: 'Age of the oldest queued push', unit: ' s', lines: [['oldest', 'odd', [], 'oldest']] },
  { title: 'Registrations', unit: '', lines: [['registered', 'good', [], 'registrations']] },
];
const NO_HISTORY = 'No history yet: the first points come ten seconds after the start.';
let history;
const charts = [];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
const clockTime = (seconds, withSeconds) => new Date(seconds * 1000).toLocaleTimeString('en-GB', withSeconds ? {} : { hour: '2-digit', minute: '2-digit' });
const short = (value) => value.toLocaleString('en', { notation: 'compact', maximumSignificantDigits: 3 });

function figureOf(chart, value) {
  return value === null || value === undefined ? '–' : short(value) + chart.unit;
}

/** Columns of a chart for the app that is chosen: times, then one array a line. */
function dataOf(chart) {
  const chosen = at('app').value;
  const columns = chart.ofAll ? history.publishes : (chosen === '' ? history.all : history.apps[chosen]) || {};
  const scaled = (values) => (chart.factor ? values.map((value) => (value === null ? null : value * chart.factor)) : values);
  return [history.at, ...chart.lines.map(([, , , column]) => scaled(columns[column] || history.at.map(() => null)))];
}

/** Writes the values of one moment; without an index the latest. */
function tell(chart, index) {
  const data = chart.data;
  const i = index === undefined || index === null ? data[0].length - 1 : index;
  chart.lines.forEach((_, line) => {
    chart.values[line].textContent = i < 0 ? '–' : figureOf(chart, data[line + 1][i]);
  });
  chart.time.textContent = i < 0 || i === data[0].length - 1 ? 'now' : clockTime(data[0][i], true);
}

/** Says the moment that the keyboard chose, or the latest. */
function speak(chart) {
  const data = chart.data;
  const last = data[0].length - 1;
  const i = chart.chosen === undefined ? last : Math.min(chart.chosen, last);
  const words = i < 0 ? NO_HISTORY : clockTime(data[0][i], true) + ': ' +
    chart.lines.map(([name], line) => name + ' ' + figureOf(chart, data[line + 1][i])).join(', ');
  chart.plot.setAttribute('aria-valuemax', String(Math.max(0, last)));
  chart.plot.setAttribute('aria-valuenow', String(Math.max(0, i)));
  chart.plot.setAttribute('aria-valuetext', words);
}

function optionsOf(chart) {
  const axis = { stroke: () => colour('dim'), grid: { stroke: () => colour('faint'), width: 1 }, ticks: { stroke: () => colour('faint'), width: 1 }, font: '12px system-ui, sans-serif' };
  return {
    width: Math.max(200, chart.plot.clientWidth),
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false },
    scales: { x: { time: true }, y: { range: (_, least, most) => [0, most > 0 ? most * 1.1 : 1] } },
    axes: [
      Object.assign({ space: 70, values: (_, splits) => splits.map((one) => clockTime(one, splits.length > 1 && splits[1] - splits[0] < 60)) }, axis),
      Object.assign({ size: 56, values: (_, splits) => splits.map(short) }, axis),
    ],
    series: [{}, ...chart.lines.map(([label, tone, dash]) => ({ label, stroke: () => colour(tone), dash, width: 1.5, points: { show: false } }))],
    hooks: { setCursor: [(plot) => { if (chart.chosen === undefined) tell(chart, plot.cursor.idx); }] },
  };
}

function drawChart(chart) {
  chart.data = dataOf(chart);
  const isEmpty = chart.data[0].length < 2 || chart.data.slice(1).every((values) => values.every((value) => value === null));
  chart.note.textContent = !isEmpty ? '' : chart.data[0].length < 2 ? NO_HISTORY : chart.nothing || 'Nothing is known of this time.';
  if (!isEmpty && window.uPlot) {
    if (chart.drawn) chart.drawn.setData(chart.data);
    else chart.drawn = new uPlot(optionsOf(chart), chart.data, chart.plot);
  } else if (chart.drawn) {
    chart.drawn.destroy();
    chart.drawn = undefined;
  }
  if (!window.uPlot) chart.note.textContent = 'The library of the charts did not load: reload the page.';
  tell(chart, chart.chosen);
  if (document.activeElement !== chart.plot) speak(chart);
}

function drawCharts() {
  if (history) for (const chart of charts) drawChart(chart);
}

/** Moves along the history: arrows by a point, page keys by a minute, Escape back to now. */
function walk(chart, event) {
  const last = chart.data[0].length - 1;
  const from = chart.chosen === undefined ? last : chart.chosen;
  const to = { ArrowLeft: from - 1, ArrowDown: from - 1, ArrowRight: from + 1, ArrowUp: from + 1, PageDown: from - 12, PageUp: from + 12, Home: 0, End: last, Escape: last }[event.key];
  if (to === undefined || last < 0) return;
  event.preventDefault();
  const i = Math.min(last, Math.max(0, to));
  chart.chosen = i === last ? undefined : i;
  if (chart.drawn) {
    const left = chart.chosen === undefined ? -10 : chart.drawn.valToPos(chart.data[0][i], 'x');
    chart.drawn.setCursor({ left, top: 0 });
  }
  tell(chart, chart.chosen);
  speak(chart);
}

for (const chart of CHARTS.map((one) => Object.assign({ data: [[]] }, one))) {
  const figure = make('figure');
  const caption = make('figcaption');
  const title = make('h3', chart.title);
  title.id = 'chart-' + charts.length;
  chart.time = make('span', 'now', 'time');
  const legend = make('ul', undefined, 'legend');
  chart.values = chart.lines.map(([name, tone]) => {
    const item = make('li');
    const value = make('output', '–');
    value.setAttribute('aria-live', 'off');
    item.append(make('span', '', 'swatch ' + tone), name + ' ', value);
    legend.append(item);
    return value;
  });
  title.append(' ', chart.time);
  caption.append(title, legend);
  chart.plot = make('div', undefined, 'plot');
  for (const [name, value] of Object.entries({ role: 'slider', tabindex: '0', 'aria-labelledby': title.id, 'aria-valuemin': '0', 'aria-valuemax': '0', 'aria-valuenow': '0', 'aria-valuetext': NO_HISTORY })) {
    chart.plot.setAttribute(name, value);
  }
  chart.note = make('p', NO_HISTORY, 'note');
  chart.plot.append(chart.note);
  chart.plot.addEventListener('keydown', (event) => walk(chart, event));
  chart.plot.addEventListener('blur', () => { chart.chosen = undefined; if (history) tell(chart); });
  figure.append(caption, chart.plot);
  at('charts').append(figure);
  new ResizeObserver(() => { if (chart.drawn) chart.drawn.setSize({ width: chart.plot.clientWidth, height: HEIGHT }); }).observe(chart.plot);
  charts.push(chart);
}

at('app').addEventListener('change', drawCharts);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => charts.forEach(({ drawn }) => drawn && drawn.redraw()));

/** Apps to choose from; nothing changes while they are the same. */
function offerApps() {
  const names = Object.keys(history.apps);
  const offered = [...at('app').options].slice(1).map(({ value }) => value);
  if (names.join('\n') === offered.join('\n')) return;
  const chosen = at('app').value;
  at('app').replaceChildren(at('app').options[0], ...names.map((name) => new Option(name, name, false, name === chosen)));
}

function showHistory(columns) {
  history = columns;
  for (const chart of charts) chart.chosen = undefined;
  offerApps();
  drawCharts();
}

const allColumns = () => [history.at, ...[history.publishes, history.all, ...Object.values(history.apps)].flatMap(Object.values)];

function addPoint(point) {
  if (!history) return;
  // The clock of the server was set back: charts go from left to right.
  while (history.at.length > 0 && history.at[history.at.length - 1] >= point.at) for (const column of allColumns()) column.pop();
  const before = history.at.length;
  history.at.push(point.at);
  const grow = (columns, values) => { for (const name of Object.keys(columns)) columns[name].push(values ? values[name] : null); };
  grow(history.publishes, point.publishes);
  grow(history.all, point.all);
  for (const name of Object.keys(point.apps)) {
    if (!history.apps[name]) history.apps[name] = Object.fromEntries(Object.keys(point.all).map((column) => [column, Array(before).fill(null)]));
  }
  for (const [name, columns] of Object.entries(history.apps)) grow(columns, point.apps[name]);
  if (history.at.length > history.limit) {
    for (const column of allColumns()) column.shift();
    for (const chart of charts) if (chart.chosen !== undefined) chart.chosen = Math.max(0, chart.chosen - 1);
  }
  offerApps();
  drawCharts();
}
`;
