// Functions and lines of source, which a program of its own reads from a library (symbolize/main.zig).
import { nativeFile } from './files.ts';

const TIMEOUT_MS = 1000;

/** What the symbolizer says of one address; empty where it doesn't know. */
export interface Place {
  /** NAME+0xOFFSET. */
  function: string;
  /** PATH:LINE. */
  line: string;
}

/**
 * What the file tells of offsets into it as it is mapped, in hex. None of the library's code runs. Rejects if the file is
 * damaged, it takes more than a second, or the symbolizer can't run.
 */
export async function symbolize(path: string, offsets: readonly string[]): Promise<Place[]> {
  const { execFile } = process.getBuiltinModule('node:child_process');
  const output = await new Promise<string>((resolve, reject) => {
    const options = { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', env: {} } as const;
    execFile(nativeFile('flexilib-symbolize'), [path, ...offsets], options, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
  return output.split('\n').map((text) => {
    const [name, line = ''] = text.split('\t');
    return { function: name, line };
  });
}
