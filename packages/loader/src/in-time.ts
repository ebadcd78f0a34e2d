import { FlexilibError, type Library, type Runtime } from '@flexilib/native';
import { explain } from './explain.ts';

/** A constructor or flexilib_load that takes longer has failed. */
const LOAD_TIMEOUT_MS = 10_000;

/** Loads a staged copy. Throws FL_LIBRARY_*; a library that comes too late is unloaded again. */
export async function loadInTime(
  runtime: Runtime,
  path: string,
  id: number,
  stagedPath: string,
): Promise<Library> {
  const loading = runtime.load(stagedPath, id);
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, LOAD_TIMEOUT_MS, null);
  });
  const result = await Promise.race([loading, timeout]);
  clearTimeout(timer);
  if (result === null) {
    loading.then(async (late) => {
      if ('address' in late) await runtime.unload(late);
    });
    const text = `its constructor or flexilib_load did not return within ${LOAD_TIMEOUT_MS / 1000} s`;
    throw new FlexilibError('FL_LIBRARY_TIMEOUT', `${path}: ${text}`, { path });
  }
  if ('code' in result) throw explain(path, result.code, result.text);
  return result;
}
