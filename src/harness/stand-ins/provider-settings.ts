import type { ProviderStage } from '../runner/environment.ts';

/** What a push app server needs to reach the stand-ins: for its own configuration, whatever that looks like. */
export function describeSettings({ apns, fcm, topic, keyId, teamId, files }: ProviderStage): object {
  return {
    apns: { endpoint: apns.origin, ca: files.apnsCa, topic, key: { file: files.apnsKey, id: keyId, team: teamId } },
    fcm: {
      endpoint: fcm.origin,
      tokenEndpoint: fcm.tokenOrigin,
      ca: files.fcmCa,
      serviceAccount: files.serviceAccount,
    },
  };
}
