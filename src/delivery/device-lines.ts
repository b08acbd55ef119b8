/** Devices beyond their rate limit that are remembered. A larger number only causes more leases. */
const rememberedDevices = 10_000;
/** Most places that a push waits for: an hour of them, since a device may have many registrations. */
const longestLine = 3_600;

/** Pushes of devices beyond their rate limit, one behind the other. */
export interface DeviceLines {
  /**
   * When to look again at a push of a device beyond its rate limit. The pushes of a device line up one behind the
   * other: if all came due at once, each free place would cost a lease of every one of them.
   */
  lineUp(device: string, earliestMs: number): number;
}

/** @param pushEveryMs milliseconds between two pushes to one registration in the long run */
export function createDeviceLines(pushEveryMs: () => number): DeviceLines {
  /** By device: when the last of its delayed pushes is due. */
  const lastDueByDevice = new Map<string, number>();
  return {
    lineUp(device, earliestMs) {
      const everyMs = pushEveryMs();
      const behindMs = (lastDueByDevice.get(device) ?? 0) + everyMs;
      const latestMs = earliestMs + longestLine * everyMs;
      const dueAtMs = Math.ceil(Math.min(Math.max(earliestMs, behindMs), latestMs));
      lastDueByDevice.delete(device);
      lastDueByDevice.set(device, dueAtMs);
      const [oldest] = lastDueByDevice.keys();
      if (lastDueByDevice.size > rememberedDevices && oldest !== undefined) lastDueByDevice.delete(oldest);
      return dueAtMs;
    },
  };
}
