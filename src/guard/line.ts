/** Where an item stands in a line; one for each line that it is in. */
export interface Place<T> {
  readonly item: T;
  older: Place<T> | undefined;
  newer: Place<T> | undefined;
}

/**
 * Items in the order in which they were added, as a linked list. Each operation takes the same time however many items have
 * come and gone, whereas the first key of a `Map` is slow to find after many deletions.
 */
export class Line<T> {
  #oldest: Place<T> | undefined;
  #latest: Place<T> | undefined;
  #size = 0;

  get oldest(): T | undefined {
    return this.#oldest?.item;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds the item as the latest. */
  add(item: T): Place<T> {
    const place: Place<T> = { item, older: undefined, newer: undefined };
    this.#append(place);
    return place;
  }

  /** Takes out an item that is in this line. */
  remove(place: Place<T>): void {
    const { older, newer } = place;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#latest = older;
    // What was taken out long ago would otherwise keep all that came after it in memory, until a full garbage collection.
    place.older = place.newer = undefined;
    this.#size -= 1;
  }

  /** Makes an item that is in this line the latest. */
  renew(place: Place<T>): void {
    if (place === this.#latest) return;
    this.remove(place);
    this.#append(place);
  }

  #append(place: Place<T>): void {
    place.older = this.#latest;
    place.newer = undefined;
    if (this.#latest) this.#latest.newer = place;
    else this.#oldest = place;
    this.#latest = place;
    this.#size += 1;
  }

  /** From the oldest to the latest. */
  *[Symbol.iterator](): Generator<T> {
    for (let place = this.#oldest; place; place = place.newer) yield place.item;
  }

  clear(): void {
    this.#oldest = this.#latest = undefined;
    this.#size = 0;
  }
}
