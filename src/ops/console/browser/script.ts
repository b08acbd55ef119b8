import { chartsScript } from './charts.ts';
import { devicesScript } from './devices.ts';
import { liveScript } from './live.ts';
import { sharedScript } from './shared.ts';
import { tablesScript } from './tables.ts';

/** The program of the console, one file for the browser. */
export const consoleScript = [sharedScript, tablesScript, chartsScript, devicesScript, liveScript].join('');
