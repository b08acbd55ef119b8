/** The store cannot be used; nothing in it was changed. The message is for the operator and ends with the hint. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  /** What an operator should do about it. */
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(`${message}\n    ${hint}`, options);
    this.hint = hint;
  }
}

/** The tables are of an earlier version, or there are none: the next start of a server makes them. */
export class OutdatedStoreError extends StoreError {}
