// The executor's /gate answers when a file is there: that a client has ended its side is then no matter of time.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const directory = mkdtempSync(join(tmpdir(), 'flexilib-gates-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
let made = 0;

/** The path of a gate that is shut. */
export function gatePath(): string {
  made += 1;
  return join(directory, String(made));
}

export function openGate(path: string): void {
  writeFileSync(path, '');
}
