// What stays behind of calls: memory, descriptors, threads.
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { allocated, monotonicNow, Outcome } from '@flexilib/native';
import { type Calling, failureOf, write } from './call.ts';
import type { Asked } from './request.ts';

const ROUNDS = 9;
/** Calls, and milliseconds, after which the loop gets a turn: for lines that the library logs, whose memory waits for it. */
const TURN_CALLS = 100;
const TURN_MS = 500;

/** Of this process, or how much more than before: bytes, and numbers. */
export interface Held {
  /** Given away by malloc(3); 0 where glibc is too old to tell. */
  malloc: number;
  /** Private writable memory that malloc(3) doesn't hold. */
  mapped: number;
  descriptors: number;
  threads: number;
}

export interface Growth {
  /** In all rounds. */
  calls: number;
  rounds: Held[];
}

/**
 * Calls the library on the loop, where a call makes nothing of ours but it. alive: called at least once in a while.
 * Rejects as callLibrary does.
 */
export async function measureGrowth(
  calling: Calling,
  asked: Asked,
  calls: number,
  alive: () => void = () => {},
): Promise<Growth> {
  const { runtime, generation, timeout } = calling;
  const perRound = Math.ceil(calls / ROUNDS);
  const call = runtime.acquireCall();
  generation.retain();

  async function repeat(times: number): Promise<void> {
    let turned = monotonicNow();
    for (let i = 1; i <= times; i++) {
      runtime.invoke(call, generation.library, monotonicNow() + timeout);
      if (call.outcome !== Outcome.ok) throw await failureOf(calling, asked, call);
      call.reset();
      const late = call.returned - turned > TURN_MS;
      if (late) alive();
      if (!late && i % TURN_CALLS !== 0) continue;
      await turn();
      turned = monotonicNow();
    }
    for (let i = 0; i < 3; i++) await turn();
  }

  async function measure(): Promise<Held[]> {
    const rounds: Held[] = [];
    for (let i = 0, before = look(); i < ROUNDS; i++) {
      await repeat(perRound);
      const now = look();
      rounds.push(difference(now, before));
      before = now;
    }
    return rounds;
  }

  try {
    write(call, asked);
    await measure(); // what is made once and kept is made by then, and V8 has compiled what runs here
    return { calls: perRound * ROUNDS, rounds: await measure() };
  } finally {
    runtime.releaseCall(call);
    generation.release();
  }
}

const text = Buffer.alloc(4096);

function look(): Held {
  const file = openSync('/proc/self/status', 'r');
  const status = text.toString('latin1', 0, readSync(file, text, 0, text.length, 0));
  closeSync(file);
  const number = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  const descriptors = readdirSync('/proc/self/fd').length;
  const heap = allocated();
  return {
    malloc: heap?.used ?? 0,
    mapped: number('VmData') * 1024 - (heap?.held ?? 0),
    descriptors,
    threads: number('Threads'),
  };
}

function difference(now: Held, before: Held): Held {
  return {
    malloc: now.malloc - before.malloc,
    mapped: now.mapped - before.mapped,
    descriptors: now.descriptors - before.descriptors,
    threads: now.threads - before.threads,
  };
}
