// APNs and FCM over what Node brings along: node:http2, node:https, node:crypto.
import { createPrivateKey, createSign, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { request as httpsRequest } from 'node:https';

const base64url = (value) => Buffer.from(value).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);

/** Resolves with status and reason; `status: 0`: no answer. */
export function createApns({ endpoint, ca, topic, key }, { deadlineMs, defect }) {
  const authority = readFileSync(ca);
  const privateKey = createPrivateKey(readFileSync(key.file));
  let issued;
  let session;

  const token = () => {
    if (issued && now() - issued.at < 2400 && defect !== 'jwt-for-each-push') return issued.token;
    const text = `${base64url(JSON.stringify({ alg: 'ES256', kid: key.id }))}.${base64url(JSON.stringify({ iss: key.team, iat: now() }))}`;
    const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    issued = { at: now(), token: `${text}.${base64url(signature)}` };
    return issued.token;
  };
  const open = () => {
    if (session && !session.closed && !session.destroyed) return session;
    if (session && defect === 'never-reconnects') return session;
    const fresh = connect(endpoint, { ca: authority });
    const forget = () => void (session === fresh && defect !== 'never-reconnects' && (session = undefined));
    fresh.on('error', forget).on('close', forget).on('goaway', forget);
    return (session = fresh);
  };

  return (device, { type, priority, expiration, body, isVoip, nickname }) =>
    new Promise((resolve) => {
      let status = 0;
      let text = '';
      const fail = () => resolve({ status: 0, reason: 'no answer' });
      try {
        const stream = open().request({
          ':method': 'POST',
          ':path': `/3/device/${device}`,
          authorization: `bearer ${token()}`,
          'apns-topic': isVoip ? `${topic}.voip` : defect === 'other-topic' ? `${topic}.beta` : topic,
          ...(defect !== 'no-push-type' && { 'apns-push-type': type }),
          ...(defect !== 'no-priority' && { 'apns-priority': String(priority) }),
          ...(defect === 'one-collapse-id' && { 'apns-collapse-id': 'message' }),
          ...(defect !== 'no-expiration' && { 'apns-expiration': String(expiration) }),
          ...(defect === 'leaks-in-header' && nickname && { 'apns-collapse-id': nickname }),
        });
        if (deadlineMs) stream.setTimeout(deadlineMs, () => stream.close());
        stream.on('response', (headers) => void (status = headers[':status']));
        stream.setEncoding('utf8').on('data', (chunk) => void (text += chunk));
        stream.on('error', fail);
        stream.on('close', () => {
          if (status === 0) return fail();
          resolve({ status, reason: /"reason":"(\w+)"/.exec(text)?.[1] });
        });
        stream.end(JSON.stringify(body));
      } catch {
        fail();
      }
    });
}

/** The same of FCM HTTP v1. */
export function createFcm({ endpoint, tokenEndpoint, ca, serviceAccount }, { deadlineMs, defect }) {
  const authority = readFileSync(ca);
  const account = JSON.parse(readFileSync(serviceAccount, 'utf8'));
  let granted;

  const post = (url, headers, body) =>
    new Promise((resolve) => {
      let text = '';
      const fail = () => resolve({ status: 0, text: '' });
      const request = httpsRequest(url, { method: 'POST', headers, ca: authority, agent: false }, (response) => {
        response.setEncoding('utf8').on('data', (chunk) => void (text += chunk));
        response.on('error', fail).on('close', () => resolve({ status: response.statusCode, text }));
      });
      if (deadlineMs) request.setTimeout(deadlineMs, () => request.destroy());
      request.on('error', fail).end(body);
    });
  const accessToken = async () => {
    const claims = {
      iss: account.client_email,
      scope: 'https://www.googleapis.com/auth/firebase.messaging',
      aud: 'https://oauth2.googleapis.com/token',
      iat: now(),
      exp: now() + 3600,
    };
    const text = `${base64url(JSON.stringify({ alg: 'RS256', typ: 'JWT' }))}.${base64url(JSON.stringify(claims))}`;
    const assertion = `${text}.${createSign('RSA-SHA256').update(text).sign(account.private_key, 'base64url')}`;
    const form = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return JSON.parse((await post(`${tokenEndpoint}/token`, headers, form.toString())).text).access_token;
  };

  return async (device, message) => {
    granted ??= accessToken();
    const headers = { authorization: `Bearer ${await granted}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ message: { token: device, ...message } });
    if (defect === 'counts-characters') headers['content-length'] = body.length;
    const { status, text } = await post(`${endpoint}/v1/projects/${account.project_id}/messages:send`, headers, body);
    if (status === 401) granted = undefined;
    return { status, reason: /"errorCode":\s*"(\w+)"/.exec(text)?.[1] };
  };
}
