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
  return article;
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
