// Plays a script against a door, and tells all that a client can see of it.
import { Buffer } from 'node:buffer';
import { connect } from 'node:net';
import { setImmediate as tick } from 'node:timers/promises';
import { gatePath, openGate, removeGate } from './gate.ts';
import { Responses } from './responses.ts';
import { expand, GATE, type Script, type Step } from './script.ts';

export interface Outcome {
  /** All bytes, without the dates. */
  text: string;
  answers: number;
  interims: number;
  /** The first step that waited for more than came before the end of the connection, or -1. */
  stoppedAt: number;
  /** silent: it stayed open though a step waited. */
  ending: 'closed' | 'reset' | 'silent';
  /** What came is not a sequence of responses. */
  problem: string;
}

/** Milliseconds: longer than any step takes, short of the times that doors have for a client. */
export const SILENCE = 8000;

export async function play(
  port: number,
  { steps, heads = [] }: Script,
  silence: number = SILENCE,
): Promise<Outcome> {
  const responses = new Responses(heads);
  // Half open, since a server that goes on reading is different from one that doesn't.
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  let ended = false;
  let closed = false;
  let reset = false;
  let stoppedAt = -1;
  let wake = () => {};
  socket.on('data', (bytes: Buffer) => {
    responses.push(bytes);
    wake();
  });
  socket.on('end', () => {
    ended = true;
    wake();
  });
  socket.on('finish', () => wake());
  socket.on('error', () => {
    ended = true;
    reset = true;
  });
  socket.on('close', () => {
    ended = true;
    closed = true;
    wake();
  });
  let silent = false;
  const timer = setTimeout(() => {
    silent = true;
    wake();
  }, silence);

  const until = async (isDone: () => boolean) => {
    while (!silent && !isDone()) await new Promise<void>((resolve) => (wake = resolve));
    timer.refresh();
  };
  const gates: string[] = [];
  const takeGate = () => {
    const path = gatePath();
    gates.push(path);
    return path;
  };
  const take = async (step: Step) => {
    if ('send' in step) {
      socket.write(Buffer.from(expand(step.send).replace(GATE, takeGate), 'latin1'));
      await settled();
    } else if ('half' in step) {
      socket.end();
      await until(() => closed || socket.writableFinished);
      await settled();
      for (const gate of gates) openGate(gate);
    } else if ('closed' in step) await until(() => ended);
    else {
      const { interims = Number.POSITIVE_INFINITY, answers } = step as { interims?: number; answers: number };
      const isEnough = () => responses.answers >= answers || responses.interims >= interims;
      await until(() => ended || isEnough());
      return isEnough();
    }
    return true;
  };

  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  await settled();
  for (const [i, step] of steps.entries()) {
    const done = await take(step);
    if (!done && stoppedAt < 0) stoppedAt = i;
  }
  socket.end();
  await until(() => closed);
  clearTimeout(timer);
  socket.destroy();
  for (const gate of gates) removeGate(gate);
  const { text, answers, interims, leftover } = responses;
  const problem = responses.problem || (leftover > 0 ? `${leftover} bytes are no response` : '');
  return {
    text,
    answers,
    interims,
    stoppedAt,
    ending: silent ? 'silent' : reset ? 'reset' : 'closed',
    problem,
  };
}

/** Server and client share a loop: after two turns of it, what was sent has been read, and this was a cut. */
async function settled(): Promise<void> {
  await tick();
  await tick();
}
