import type { RandomBytes } from '../sealing/sealing.ts';
import type { Flavour } from './server-flavours.ts';
import type { Clock } from '../../time/clock.ts';

/** An IQ id as the server makes them; ejabberd's hold characters that must come back as they went. */
export function createPublishId(ids: Flavour['ids'], parts: { clock: Clock; randomBytes: RandomBytes }): string {
  const bytes = (size: number) => Buffer.from(parts.randomBytes(size));
  if (ids === 'hex') return bytes(32).toString('hex');
  if (ids === 'ejabberd') {
    return `rr-${parts.clock.now()}-${bytes(8).readBigUInt64BE()}-${bytes(20).toString('base64')}-${bytes(4).readUInt32BE()}`;
  }
  const hex = bytes(16).toString('hex');
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) % 4] ?? '8';
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, variant + hex.slice(17, 20), hex.slice(20)].join(
    '-',
  );
}
