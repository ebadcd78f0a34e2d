// What the operator is told of calls that went wrong.
import type { Executor, Generation } from '@flexilib/loader';
import { type Call, complaintText, Outcome, reportOf } from '@flexilib/native';

/**
 * Tells the operator, and the library's health, of a call whose outcome isn't ok: at once, or when the report of its crash
 * is made. request: its method and target. Gives the status for the client, and what is told. Nothing of the call is needed after it.
 */
export function tellFailure(
  call: Call,
  executor: Executor,
  generation: Generation,
  request: string,
  onFault: (path: string, text: string) => void,
): { status: number; story: string | Promise<string> } {
  const tell = (text: string) => {
    onFault(executor.path, `generation ${generation.number}, ${request}: ${text}`);
    return text;
  };
  switch (call.outcome) {
    case Outcome.crashed:
      executor.crashed(generation);
      return {
        status: 502,
        story: reportOf(call.head, generation.hash).then((report) => tell(`crashed: ${report}`)),
      };
    case Outcome.late:
      return {
        status: 504,
        story: reportOf(call.head, generation.hash).then((report) => tell(`took too long: ${report}`)),
      };
    case Outcome.badResponse:
      return { status: 500, story: tell(`its response was refused: ${complaintText(call.complaint)}`) };
    default:
      return { status: 500, story: tell('handle_request returned NULL') };
  }
}

/**
 * Tells the operator of a call that is past its deadline, of timeout milliseconds. where: what Runtime.abandon gave; null:
 * it has returned. Settles with what was told: the generation must be kept until then.
 */
export async function tellExpired(
  where: Promise<string | null> | null,
  timeout: number,
  executor: Executor,
  generation: Generation,
  request: string,
  onFault: (path: string, text: string) => void,
): Promise<string> {
  const text = where && (await where);
  const report = text === null ? '' : `: ${await reportOf(text, generation.hash)}`;
  const story = `no answer within ${timeout} ms${report}`;
  onFault(executor.path, `generation ${generation.number}, ${request}: ${story}`);
  return story;
}
