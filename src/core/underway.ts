/** Counts what is under way, and tells when nothing is. */
export class Underway {
  #count = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  get count(): number {
    return this.#count;
  }

  begin(): void {
    this.#count += 1;
  }

  /** To be called once for each `begin`. */
  end(): void {
    this.#count -= 1;
    if (this.#count > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** Resolves when nothing is under way. */
  whenIdle(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return (this.#idle ??= Promise.withResolvers()).promise;
  }
}
