import type { Mutant } from '../mutant.ts';

const inCircuitBreaker = { file: 'sending/circuit-breaker.ts', tests: ['sending/circuit-breaker.test.ts'] };

const inAppSender = {
  file: 'sending/app-sender.ts',
  tests: ['sending/app-sender.test.ts', 'delivery/deliver.test.ts'],
};

const inConcurrencyLimit = { file: 'sending/concurrency-limit.ts', tests: ['sending/concurrency-limit.test.ts'] };

const inDispatch = { file: 'delivery/dispatch.ts', tests: ['delivery/dispatch.test.ts', 'delivery/deliver.test.ts'] };

/** Which pushes an app’s provider is asked about, and what its results do. */
export const sending: readonly Mutant[] = [
  {
    ...inCircuitBreaker,
    find: `phase.kind === 'probing' || failedInARow >= failures`,
    replace: 'failedInARow >= failures',
    breaks: 'A probe that failed lets everybody call again.',
    survives: 'While it is not closed, no fewer failures are counted than opened it, so the count alone keeps it open.',
  },
  {
    ...inCircuitBreaker,
    find: 'failures: 10,',
    replace: 'failures: 100,',
    breaks: 'A provider that refuses everything is called a hundred times first.',
    tests: ['sending/app-sender.test.ts', 'delivery/deliver.test.ts'],
  },
  {
    ...inCircuitBreaker,
    find: `result.kind === 'misconfigured') && result.scope === 'app'`,
    replace: `result.kind === 'misconfigured') && result.scope !== 'device'`,
    breaks: 'One busy device opens the circuit for all others.',
  },
  {
    ...inCircuitBreaker,
    find: 'Math.min(failure.afterMs, longestAfterMs)',
    replace: 'failure.afterMs',
    breaks: `A provider's typing error stops an app for years.`,
  },
  {
    ...inCircuitBreaker,
    find: '    if (begunIn !== phase) {',
    replace: '    if (false) {',
    breaks: 'Hundreds that were on their way when it opened make the pause an hour.',
  },
  {
    ...inCircuitBreaker,
    find: `    failedInARow = 0;
`,
    replace: '',
    breaks: 'Ten failures in a year open it.',
  },
  {
    ...inCircuitBreaker,
    find: `    pauses = 0;
    notBeforeMs`,
    replace: '    notBeforeMs',
    breaks: 'Pauses grow from one outage to the next.',
  },
  {
    ...inCircuitBreaker,
    find: `    notBeforeMs = 0;
    if`,
    replace: '    if',
    breaks: 'What a provider asked for in the last outage is obeyed in the next.',
  },
  {
    ...inCircuitBreaker,
    find: 'now < (isUrgent ? phase.urgentFromMs : phase.untilMs)',
    replace: 'now < phase.untilMs',
    breaks: 'A call waits as long as everything else, and is over by then.',
  },
  {
    ...inCircuitBreaker,
    find: 'afterMs + urgentCapMs',
    replace: 'urgentCapMs',
    breaks: 'A call is sent before the time that the provider asked for.',
  },
  {
    ...inCircuitBreaker,
    find: ' && now - phase.sinceMs < probeWithinMs',
    replace: '',
    breaks: 'A probe at a time is no limit: everybody is let through.',
  },
  {
    ...inCircuitBreaker,
    find: 'now - phase.sinceMs < probeWithinMs',
    replace: 'true',
    breaks: 'A probe that never ends keeps the circuit open for ever.',
  },
  {
    ...inCircuitBreaker,
    find: `else if (begunIn === phase && phase.kind === 'probing') probeAgain(phase.reason, result);`,
    replace: '',
    breaks: 'A probe that did not take place keeps the circuit open for half a minute.',
  },
  {
    ...inCircuitBreaker,
    find: `if (phase.kind === 'open') openNow(phase.reason);`,
    replace: '',
    breaks: 'After new credentials the circuit stays open as long as before.',
    tests: ['sending/app-sender.test.ts', 'delivery/deliver.test.ts'],
  },
  {
    ...inCircuitBreaker,
    find: 'untilMs: Math.max(untilMs, notBeforeMs)',
    replace: 'untilMs',
    breaks: 'What the provider asks for while the circuit is open is not obeyed.',
  },
  {
    ...inCircuitBreaker,
    find: 'if (changed) onChange?.(readState());',
    replace: 'onChange?.(readState());',
    breaks: 'Each probe is called the end of the trouble.',
  },
  {
    ...inCircuitBreaker,
    find: 'capMs: 60_000',
    replace: 'capMs: 600_000',
    breaks: 'A provider that is back is noticed after ten minutes.',
  },
  {
    ...inCircuitBreaker,
    find: ` && result.scope === 'app';`,
    replace: ';',
    breaks: 'What is said of few devices opens the circuit for everybody.',
    tests: ['sending/app-sender.test.ts', 'delivery/deliver.test.ts'],
  },
  {
    ...inCircuitBreaker,
    find: ' || result.unsent !== true',
    replace: ' || true',
    breaks: 'A payload that never left closes the circuit.',
    tests: ['sending/app-sender.test.ts', 'delivery/deliver.test.ts'],
  },
  {
    ...inAppSender,
    find: 'Math.min(patienceMs, enterWithinMs)',
    replace: 'patienceMs',
    breaks: 'A provider that hangs holds up the link, and the apps of others.',
  },
  {
    ...inAppSender,
    find: 'Math.min(attemptWithinMs, Math.max(0, leftMs))',
    replace: 'Math.max(0, leftMs)',
    breaks: 'An attempt takes all the time that an answer has.',
  },
  {
    ...inAppSender,
    find: 'Math.min(endsAtMs, latestMs) - clock.monotonic()',
    replace: 'endsAtMs - clock.monotonic()',
    breaks: 'A call that comes at the end of a drain hangs until its publish is answered with an error.',
  },
  {
    ...inAppSender,
    find: '      provider.hurry();\n',
    replace: '',
    breaks: 'What hangs at a provider when the process ends is answered with an error.',
  },
  {
    file: 'sending/app-senders.ts',
    tests: ['sending/app-senders.test.ts'],
    find: `for (const appSender of [...retiring.keys(), ...byName.values()]) appSender.hurry`,
    replace: `for (const appSender of byName.values()) appSender.hurry`,
    breaks: 'After a reload, what hangs at the former sender is answered with an error.',
  },
  {
    ...inAppSender,
    find: `      concurrencyLimit.leave();
`,
    replace: '',
    breaks: 'After as many pushes as there are places nothing is sent any more.',
  },
  {
    ...inAppSender,
    find: 'unclear.count >= unclearToWarn',
    replace: 'unclear.count > 0',
    breaks: 'One busy device makes the app look broken.',
  },
  {
    ...inAppSender,
    find: 'failuresToWarn = 5',
    replace: 'failuresToWarn = 1',
    breaks: 'One broken connection makes the app look broken.',
  },
  {
    ...inAppSender,
    find: `    if (!mayLog(reason)) return;
    log.error`,
    replace: '    log.error',
    breaks: 'Each refused push writes a line.',
  },
  {
    ...inAppSender,
    find: `    if (!mayLog(reason)) return;
    isFailing`,
    replace: '    isFailing',
    breaks: 'Each push that fails writes a line.',
  },
  {
    ...inAppSender,
    find: '&& !cannotConnect(lastFailure.reason)',
    replace: '',
    breaks: 'A provider that cannot be reached at all looks well until the fifth push.',
  },
  {
    ...inAppSender,
    find: `    circuit.probeNow();
`,
    replace: '',
    breaks: 'After new credentials the circuit stays open as long as before.',
  },
  {
    ...inAppSender,
    find: `    forgetSuspicions();
    circuit`,
    replace: '    circuit',
    breaks: 'After new credentials an operator is told what was wrong with the old ones.',
  },
  {
    ...inAppSender,
    find: `      metrics.inFlight.dec({ app: app.name });
`,
    replace: '',
    breaks: 'The number of pushes under way only grows.',
  },
  {
    ...inAppSender,
    find: `      isAnnounced = true;
`,
    replace: '',
    breaks: 'Each probe writes a line that the circuit is open.',
  },
  {
    ...inAppSender,
    find: 'const isUrgent = isCall(push)',
    replace: 'const isUrgent = false',
    breaks: 'A call waits behind everything else, and is over by then.',
  },
  {
    ...inAppSender,
    find: `lastFailure?.kind === 'misconfigured' ? lastFailure : circuitOpen`,
    replace: 'circuitOpen',
    breaks: 'While the circuit is open for a wrong key, its pushes are stored as if the provider were away.',
  },
  {
    ...inAppSender,
    find: 'if (!(entered === true || (await entered))) return overloaded;',
    replace: 'await entered;',
    breaks: 'Pushes for which there was no place are sent all the same.',
  },
  {
    ...inAppSender,
    find: 'withTrueExpiry(push), device',
    replace: 'push, device',
    breaks: 'After the clock was set back, providers are told a wrong time of expiry.',
    tests: ['sending/app-sender.test.ts'],
  },
  {
    ...inAppSender,
    find: 'unclearToWarn = 50',
    replace: 'unclearToWarn = 500',
    breaks: 'An app whose quota is used up looks well.',
    tests: ['sending/app-sender.test.ts'],
  },
  {
    ...inConcurrencyLimit,
    find: 'urgent.values().next().value ?? ordinary',
    replace: 'ordinary',
    breaks: 'A call never gets in while the app is busy.',
  },
  {
    ...inConcurrencyLimit,
    find: 'queue.size >= queueLimit || patienceMs <= 0',
    replace: 'patienceMs <= 0',
    breaks: 'Pushes that wait for a place fill the memory.',
  },
  {
    ...inConcurrencyLimit,
    find: 'queue.size >= queueLimit || patienceMs <= 0',
    replace: 'queue.size >= queueLimit',
    breaks: 'A push without time left waits for a place.',
  },
  {
    ...inConcurrencyLimit,
    find: `      else inside -= 1;
`,
    replace: '',
    breaks: 'After as many pushes as there are places nothing is sent any more.',
  },
  {
    ...inConcurrencyLimit,
    find: `          queue.delete(admit);
          resolve(false)`,
    replace: '          resolve(false)',
    breaks: 'A place is given to a push that has given up, and is lost.',
  },
  {
    ...inConcurrencyLimit,
    find: `          cancelTimer();
`,
    replace: '',
    breaks: 'A push that got in is told later that it did not.',
  },
  {
    ...inDispatch,
    find: `    onRemoved(registration);
`,
    replace: '',
    breaks: 'The server of a dead device is never told to stop.',
  },
  {
    ...inDispatch,
    find: `if (verdict.kind === 'held') {`,
    replace: 'if (false) {',
    breaks: 'The guard holds nothing back.',
  },
  {
    ...inDispatch,
    find: `      await restore(verdict.toRestore);
`,
    replace: '',
    breaks: 'What was removed before a flood showed stays removed.',
  },
  {
    ...inDispatch,
    find: `came: doubtful ? 'doubtful' : 'dead'`,
    replace: `came: 'dead'`,
    breaks: 'The guard takes doubtful answers for sure ones.',
  },
  {
    ...inDispatch,
    find: `push: { ...push, content: { kind: 'none' } }`,
    replace: 'push',
    breaks: 'A payload that the provider refuses is sent again as it is.',
  },
  {
    ...inDispatch,
    find: `if (push.kind === 'voip') return toCallAlert(addressed);`,
    replace: '',
    breaks: 'A call that PushKit cannot carry is not heard at all.',
  },
  {
    ...inDispatch,
    find: `const isSecond = target === 'second' && registration.secondToken !== undefined`,
    replace: 'const isSecond = false',
    breaks: 'A dead PushKit token removes the whole registration.',
  },
  {
    ...inDispatch,
    find: `return { kind: 'retry', pending: addressed, reason: 'registered-anew' };`,
    replace: `return { kind: 'gone' };`,
    breaks: 'A device that registered anew is called gone.',
  },
  {
    ...inDispatch,
    find: 'if (!environment || environment === registration.environment) return;',
    replace: 'if (!environment) return;',
    breaks: 'Each push writes the environment to disk.',
  },
  {
    ...inDispatch,
    find: 'Math.max(0, endsAtMs - beganAtMs)',
    replace: '10_000',
    breaks: 'Each form of a push takes as long as an answer may.',
  },
  {
    ...inDispatch,
    find: 'unrestored = [...unrestored, ...due];',
    replace: '',
    breaks: 'What could not be put back at first is lost.',
  },
  {
    ...inDispatch,
    find: 'clock.monotonic() < restoreAgainAtMs',
    replace: 'false',
    breaks: 'A store that is busy is asked by each push, and stops the process for seconds each time.',
  },
  {
    ...inDispatch,
    find: `        guard.seePush({ registration, target, came: 'accepted' });
        if (result.env`,
    replace: '        if (result.env',
    breaks: 'What was delivered does not speak for the app when others are called dead.',
  },
  {
    ...inDispatch,
    find: '      onResult(registration, result);\n',
    replace: '',
    breaks: 'No device is ever known to have taken a push.',
  },
  {
    ...inDispatch,
    find: '      await logFailureOf(registration, registry.dropSecondToken(registration.node, registration.secondToken));',
    replace: '      await registry.dropSecondToken(registration.node, registration.secondToken);',
    breaks: 'A busy store loses a call because its dead token could not be noted.',
  },
];
