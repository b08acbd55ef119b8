/** How many publishes are answered with `result`, second by second. */
export interface Pace {
  note(answer: string): void;
  /** Notes that a fault ended now. */
  faultEnded(name: string): void;
  /** For each fault: milliseconds from its end until a second in which as many were answered as before it; Infinity: never. */
  recoveries(): ReadonlyMap<string, number>;
}

const bucketMs = 100;
/** Buckets of the second that shows that all is as before. */
const shown = 10;
/** Part of the usual number: publishes are not spread evenly. */
const enough = 0.9;

/** @param now monotonic time in milliseconds */
export function createPace(perSecond: number, now: () => number): Pace {
  const buckets: number[] = [];
  const ends: { readonly name: string; readonly bucket: number }[] = [];
  const bucketAt = () => Math.floor(now() / bucketMs);

  function backAfter(from: number): number {
    for (let at = from; at + shown <= buckets.length; at += 1) {
      const answered = buckets.slice(at, at + shown).reduce((sum, one) => sum + one, 0);
      if (answered >= perSecond * enough) return (at - from) * bucketMs;
    }
    return Infinity;
  }

  return {
    note(answer) {
      if (answer !== 'result') return;
      const bucket = bucketAt();
      while (buckets.length <= bucket) buckets.push(0);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    },
    faultEnded: (name) => void ends.push({ name, bucket: bucketAt() }),
    recoveries() {
      const slowest = new Map<string, number>();
      for (const { name, bucket } of ends) slowest.set(name, Math.max(slowest.get(name) ?? 0, backAfter(bucket)));
      return slowest;
    },
  };
}
