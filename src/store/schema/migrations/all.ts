import type { Migration } from 'kysely/migration';
import { registrations } from './0001-registrations.ts';
import { accountHash } from './0002-account-hash.ts';
import { roomsAndComponents } from './0003-rooms-and-components.ts';
import { signsOfLife } from './0004-signs-of-life.ts';
import { asciiKeys } from './0005-ascii-keys.ts';
import { noSignsOfLife } from './0006-no-signs-of-life.ts';
import { sealedNodes } from './0007-sealed-nodes.ts';
import { removalMarks } from './0008-removal-marks.ts';
import { acceptedMarks } from './0009-accepted-marks.ts';
import { queuedPushes } from './0010-queued-pushes.ts';
import { shortKeys } from './0011-short-keys.ts';
import { deviceNotes } from './0012-device-notes.ts';
import { lateAnswers } from './0013-late-answers.ts';

/** In the order in which they run; a released one never changes. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-registrations': registrations,
  '0002-account-hash': accountHash,
  '0003-rooms-and-components': roomsAndComponents,
  '0004-signs-of-life': signsOfLife,
  '0005-ascii-keys': asciiKeys,
  '0006-no-signs-of-life': noSignsOfLife,
  '0007-sealed-nodes': sealedNodes,
  '0008-removal-marks': removalMarks,
  '0009-accepted-marks': acceptedMarks,
  '0010-queued-pushes': queuedPushes,
  '0011-short-keys': shortKeys,
  '0012-device-notes': deviceNotes,
  '0013-late-answers': lateAnswers,
};
