// Functions and lines of source, which a program of its own reads from a library (symbolize/main.zig).
import { nativeFile } from './files.ts';

const TIMEOUT_MS = 1000;

/** A function at an address, and where it is then; empty where the symbolizer doesn't know. */
export interface Place {
  /** NAME+0xOFFSET, or the NAME of one that was inlined. */
  function: string;
  /** PATH:LINE. */
  line: string;
}

/**
 * What the file tells of offsets into it as it is mapped, in hex: for each the functions inlined there, innermost first, and
 * the one that was called. None of the library's code runs. Rejects if the file is damaged, it takes more than a second, or
 * the symbolizer can't run.
 */
export async function symbolize(path: string, offsets: readonly string[]): Promise<Place[][]> {
  const { execFile } = process.getBuiltinModule('node:child_process');
  const output = await new Promise<string>((resolve, reject) => {
    const options = { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', env: {} } as const;
    execFile(nativeFile('flexilib-symbolize'), [path, ...offsets], options, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
  const lines = output.split('\n').slice(0, -1);
  return lines.map((text) => {
    const told = text.split('\t');
    return Array.from({ length: told.length / 2 }, (_, i) => ({
      function: told[2 * i],
      line: told[2 * i + 1],
    }));
  });
}
