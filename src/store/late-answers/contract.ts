/** The XMPP server and the component domain that a connection is for. Any connection of both carries their answers. */
export interface LinkName {
  /** URL of the server's component listener. */
  readonly service: string;
  readonly domain: string;
}

/** An answer that its own connection cannot carry any more. */
export interface LateAnswer extends LinkName {
  /** The whole stanza. */
  readonly xml: string;
}

/** One that was taken and can be put back. */
export interface TakenAnswer extends LateAnswer {
  /** Milliseconds since 1970. */
  readonly handedOverAtMs: number;
}

/** How many answers wait, how long they are and how long they wait, at most. */
export interface LateAnswerLimits {
  /** Answers in the store, and those of this process that are not stored yet. Several processes exceed it by a batch each. */
  readonly answers: number;
  /** UTF-16 units of one stanza. Answers to publishes have some hundred; an id and addresses may be thousands. */
  readonly length: number;
  /** Milliseconds. ejabberd and MongooseIM forget an IQ after 32 s. */
  readonly lifeMs: number;
  /** Answers that one look takes. */
  readonly taken: number;
}

/**
 * Answers that wait in a shared store for a connection which can carry them. Nothing here rejects: an answer that cannot be
 * stored is dropped, which is counted and logged, and the XMPP server goes without it.
 */
export interface LateAnswers {
  /** Stores an answer soon, together with others that come at the same time. */
  handOver(answer: LateAnswer): void;
  /** Number of answers that `handOver` has stored so far. */
  readonly handedOver: number;
  /** Takes the oldest answers for these links, each of which no other process gets, and removes those that are too old. */
  take(links: readonly LinkName[]): Promise<readonly TakenAnswer[]>;
  /** Stores answers again that were taken and could not be sent. They are not older for it, nor younger. */
  putBack(answers: readonly TakenAnswer[]): void;
  /** Resolves when what was given so far is stored or dropped. */
  settle(): Promise<void>;
}
