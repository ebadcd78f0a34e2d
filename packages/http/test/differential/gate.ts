// The executor's /gate answers when a file is there: that a client has ended its side is then no matter of time.
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let made = 0;

/** The path of a gate that is shut. */
export function gatePath(): string {
  made += 1;
  return join(tmpdir(), `flexilib-gate-${process.pid}-${made}`);
}

export function openGate(path: string): void {
  writeFileSync(path, '');
}

/** After the answer. */
export function removeGate(path: string): void {
  rmSync(path, { force: true });
}
