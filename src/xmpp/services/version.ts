/** Software version (XEP-0092), without the operating system. */
import { escapeXml } from '../stream/element.ts';
import type { IqReply } from './iq.ts';
import { NS } from '../stream/namespaces.ts';

export function answerVersion(version: string): IqReply {
  return {
    kind: 'result',
    payload: `<query xmlns='${NS.version}'><name>Sealpost</name><version>${escapeXml(version)}</version></query>`,
  };
}
