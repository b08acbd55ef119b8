/** The outbox cannot be used; its file was not changed. */
export class OutboxError extends Error {
  override readonly name = 'OutboxError';
  /** What an operator should do. */
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
