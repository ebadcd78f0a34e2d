// What the operator is told of calls that went wrong.
import type { Executor, Generation } from '@flexilib/loader';
import { type Call, complaintText, Outcome, reportOf } from '@flexilib/native';

/**
 * Tells the operator, and the library's health, of a call whose outcome isn't ok: at once, or when the report of its crash is made. request: its
 * method and target. Gives the status for the client. Nothing of the call is needed after it.
 */
export function tellFailure(
  call: Call,
  executor: Executor,
  generation: Generation,
  request: string,
  onFault: (path: string, text: string) => void,
): number {
  const tell = (text: string) =>
    onFault(executor.path, `generation ${generation.number}, ${request}: ${text}`);
  switch (call.outcome) {
    case Outcome.crashed:
      executor.crashed(generation);
      reportOf(call.head, generation.hash).then((report) => tell(`crashed: ${report}`));
      return 502;
    case Outcome.late:
      reportOf(call.head, generation.hash).then((report) => tell(`took too long: ${report}`));
      return 504;
    case Outcome.badResponse:
      tell(`its response was refused: ${complaintText(call.complaint)}`);
      return 500;
    default:
      tell('handle_request returned NULL');
      return 500;
  }
}

/**
 * Tells the operator of a call that is past its deadline, of timeout milliseconds. where: what Runtime.abandon gave; null:
 * it has returned. Settles when it is told: the generation must be kept until then.
 */
export async function tellExpired(
  where: Promise<string | null> | null,
  timeout: number,
  executor: Executor,
  generation: Generation,
  request: string,
  onFault: (path: string, text: string) => void,
): Promise<void> {
  const text = where && (await where);
  const report = text === null ? '' : `: ${await reportOf(text, generation.hash)}`;
  onFault(
    executor.path,
    `generation ${generation.number}, ${request}: no answer within ${timeout} ms${report}`,
  );
}
