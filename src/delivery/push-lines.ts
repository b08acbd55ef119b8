/** Devices beyond their rate limit that are remembered. A larger number only causes more leases. */
const rememberedDevices = 10_000;
/** Most places that a push waits for: an hour of them, since a device may have many registrations. */
const longestQueue = 3_600;

/**
 * When to look again at a push of a device beyond its rate limit, given the earliest time, both in milliseconds since 1970.
 * The pushes of a device line up one behind the other: if all came due at once, each free place would cost a lease of every
 * one of them.
 */
export type LineUp = (device: string, earliestMs: number) => number;

/** @param pushEveryMs milliseconds between two pushes to one registration in the long run */
export function createPushLines(pushEveryMs: number): LineUp {
  /** By device: when the last of its delayed pushes is due. */
  const lastDueByDevice = new Map<string, number>();
  return (device, earliestMs) => {
    const behindMs = (lastDueByDevice.get(device) ?? 0) + pushEveryMs;
    const latestMs = earliestMs + longestQueue * pushEveryMs;
    const dueAtMs = Math.ceil(Math.min(Math.max(earliestMs, behindMs), latestMs));
    lastDueByDevice.delete(device);
    lastDueByDevice.set(device, dueAtMs);
    const [oldest] = lastDueByDevice.keys();
    if (lastDueByDevice.size > rememberedDevices && oldest !== undefined) lastDueByDevice.delete(oldest);
    return dueAtMs;
  };
}
