/** The part of the program that finds devices. */
export const devicesScript = String.raw`
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
  if (device.state === 'registered') article.append(offerTests(device));
  return article;
}

/** Buttons that send a push to this device, and the place where its way shows. */
function offerTests({ fingerprint, canCall }) {
  const box = make('div');
  const buttons = make('div', undefined, 'tests');
  const steps = make('ol', undefined, 'steps');
  const kinds = [['alert', 'Send a test push'], ['background', 'Wake it up without showing anything'], ...(canCall ? [['voip', 'Ring it']] : [])];
  buttons.setAttribute('role', 'group');
  buttons.setAttribute('aria-label', 'Test pushes to ' + fingerprint);
  for (const [push, title] of kinds) {
    const button = make('button', title);
    button.type = 'button';
    button.addEventListener('click', async () => {
      for (const one of buttons.children) one.disabled = true;
      steps.replaceChildren(make('li', 'Sending …', 'dim'));
      try {
        await sendTest(fingerprint, push, steps);
      } catch (error) {
        steps.append(make('li', error.message, 'fail'));
      }
      for (const one of buttons.children) one.disabled = false;
      button.focus();
    });
    buttons.append(button);
  }
  box.append(buttons, steps);
  return box;
}

/** Sends a push through its real provider, and writes each step of its way. */
async function sendTest(fingerprint, push, steps) {
  const body = JSON.stringify({ push });
  const response = await ask('/devices/' + fingerprint + '/test', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  for await (const { name, data } of eventsOf(response)) {
    if (name === 'step') steps.append(make('li', when(data.at).slice(11) + ' ' + data.step + ': ' + data.text));
    if (name === 'skipped') steps.append(make('li', data.steps + ' steps were left out', 'dim'));
    if (name !== 'end') continue;
    const what = data.what || 'the server ended before the provider answered';
    steps.append(make('li', 'Result: ' + what + (data.hint ? ' (' + data.hint + ')' : ''), data.outcome === 'sent' ? 'pass' : 'fail'));
  }
}

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
