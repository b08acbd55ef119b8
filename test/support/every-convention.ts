import type { Apps } from './sealpost.ts';

/** An app of each convention and provider, besides those of the tigase convention. */
export function everyConvention(usual: Apps) {
  return {
    apps: {
      ...usual,
      snikket: { ...usual.siskin, ids: ['snikket:apns:1'] },
      conversations: { ...usual.android, ids: ['conversations'], conventions: ['p2'], collapseKey: 'wake' },
      fork: { ...usual.siskin, ids: ['fork'], conventions: ['p2'] },
      monal: {
        ...usual.siskin,
        ids: ['monalProdiOS'],
        conventions: ['raw-token'],
        alert: { title: 'New Message', body: 'New Message?' },
        backgroundInterval: '1s',
      },
      veteran: { ...usual.siskin, ids: ['veteran'], conventions: ['v1'] },
    },
  };
}
