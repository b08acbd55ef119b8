/** The part of the program that follows the server. */
export const liveScript = String.raw`
function show(overview) {
  say(overview.sentence, overview.health.status);
  showApps(overview);
  showParts(overview.health.checks);
  showStanding(overview);
  before = overview;
}

/** Shows the events of the server until it ends them. */
async function follow() {
  const response = await ask('/console/live');
  at('shown').hidden = false;
  at('enter').hidden = true;
  for await (const { name, data } of eventsOf(response)) {
    if (name === 'overview') show(data);
    else if (name === 'history') showHistory(data);
    else if (name === 'point') addPoint(data);
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

at('enter').addEventListener('submit', (event) => {
  event.preventDefault();
  token = at('token').value;
  at('token').value = '';
  void live();
});
`;
