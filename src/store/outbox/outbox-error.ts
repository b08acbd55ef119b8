/** The outbox cannot be used at all; its file is as it was. */
export class OutboxError extends Error {
  override readonly name = 'OutboxError';
  /** What an operator should do about it. */
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
