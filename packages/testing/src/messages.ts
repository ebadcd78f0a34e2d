// What a process with a library in it and its parent say to each other.
import type { ErrorCode } from '@flexilib/native';
import type { HostOptions, Line } from './host.ts';
import type { Asked } from './request.ts';

/** The child's descriptor of a socket that is for its end and its faults alone: bytes as the server's supervisor gets them. */
export const SUPERVISOR = 4;
/** On that socket: a call was left where it was. Sent by the signal handler, whatever state the process is in. */
export const DAMAGE: number = 'x'.charCodeAt(0);

export type Question =
  | { what: 'open'; options: Omit<HostOptions, 'onLog'> }
  | { what: 'call'; asked: Asked }
  | { what: 'measure'; asked: Asked; calls: number }
  | { what: 'close' };

export interface Failure {
  code: ErrorCode;
  message: string;
  path: string | undefined;
}

/** The answer to a question, or what comes in between. */
export type Said =
  | { id: number; value: unknown }
  | { id: number; failure: Failure }
  | { log: Line }
  | 'alive';
