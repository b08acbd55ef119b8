/**
 * A map of limited size that forgets keys that were not used for long. Keys live in two generations: a key that is
 * used moves to the younger one, and once that one is full, the older one is forgotten as a whole. So a use of a key
 * mostly changes no map, whereas deleting and setting the key again, to keep the order of use, takes a rehash every so often.
 */
export class RecentMap<K, V> {
  readonly #limit: number;
  readonly #onForgotten: ((forgotten: ReadonlyMap<K, V>) => void) | undefined;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /**
   * @param limit so many keys, those that were used last, are always remembered; at most twice as many are
   * @param onForgotten told of what was forgotten
   */
  constructor(limit: number, onForgotten?: (forgotten: ReadonlyMap<K, V>) => void) {
    this.#limit = limit;
    this.#onForgotten = onForgotten;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Counts as a use of the key. */
  get(key: K): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const older = this.#old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  /** The value, without a use of the key. */
  peek(key: K): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#limit && !this.#young.has(key)) this.#age(key);
    this.#young.set(key, value);
    if (this.#old.size > 0) this.#old.delete(key);
  }

  /** @param coming the key that makes the next generation, and so is not forgotten */
  #age(coming: K): void {
    const forgotten = this.#old;
    forgotten.delete(coming);
    this.#old = this.#young;
    this.#young = new Map();
    if (forgotten.size > 0) this.#onForgotten?.(forgotten);
  }
}
