import type { TraceStep } from '../../core/trace.ts';

/** What happened in a step of a notification's way, in an operator's words. */
export function describeStep(step: TraceStep): string {
  switch (step.step) {
    case 'received': {
      const { publisher, content, bytes, priority, found } = step;
      const wanted = priority === undefined ? 'no priority' : `priority ${priority}`;
      return `from ${publisher}: ${content}, ${bytes} bytes, ${wanted}; its device is ${found}`;
    }
    case 'authorized':
      return 'the publisher may publish';
    case 'routed': {
      const { push, target, content, lifetimeMs, oversize } = step;
      const worth = lifetimeMs === 0 ? 'at once or never' : `worth sending for ${Math.round(lifetimeMs / 1_000)} s`;
      return `${push} to the ${target} token, content ${content}${oversize ? ' (too long, left out)' : ''}, ${worth}`;
    }
    case 'held':
      return step.why === 'coalesced'
        ? 'another wake-up of the device stands for it'
        : 'the device is beyond its rate limit';
    case 'answered': {
      const { push, result, reason, environment, durationMs } = step;
      const why = reason === undefined ? '' : ` (${reason})`;
      return `${push}: ${result}${why}${environment === undefined ? '' : ` in ${environment}`} after ${durationMs} ms`;
    }
    case 'queued':
      return step.stored
        ? `in the outbox for ${Math.round(step.waitMs / 1_000)} s, after ${attemptsOf(step.attempts)}`
        : 'the outbox did not take it';
    case 'retried':
      return `${step.push}, after ${attemptsOf(step.attempts)}`;
    case 'completed':
      return step.outcome;
    case 'outcome':
      return `${step.outcome}; the server is answered ${step.answer}`;
  }
}

const attemptsOf = (attempts: number) => `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
