/** The store cannot be opened; nothing in it was changed. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  /** What an operator should do about it. */
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
