/** Calls between the benchmark's processes over Node's IPC channel, typed at both ends. */

/** The calls that a process answers: for each name its input and output, all of it JSON. */
export type Calls = Readonly<Record<string, { readonly input: unknown; readonly output: unknown }>>;

export interface CallMessage {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

export type AnswerMessage =
  { readonly id: number; readonly output: unknown } | { readonly id: number; readonly error: string };

export type CallHandlers<C extends Calls> = {
  readonly [Name in keyof C]: (input: C[Name]['input']) => Promise<C[Name]['output']> | C[Name]['output'];
};

/** Makes this process answer calls until its parent stops it or is gone. */
export function answerCalls<C extends Calls>(handlers: CallHandlers<C>): void {
  // Ctrl-C reaches the whole process group; the parent decides in which order its processes end.
  process.on('SIGINT', () => {});
  process.on('disconnect', () => process.exit());
  process.on('message', (message) => void answer(message as CallMessage));

  async function answer({ id, name, input }: CallMessage): Promise<void> {
    try {
      const handler = handlers[name];
      if (!handler) throw new Error(`no such call: ${name}`);
      reply({ id, output: await handler(input) });
    } catch (error) {
      reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  }
}

function reply(message: AnswerMessage): void {
  process.send?.(message);
}
