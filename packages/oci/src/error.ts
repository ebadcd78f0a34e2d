import { FlexilibError } from '@flexilib/native/errors';

/** where: the reference or the folder it is about. */
export function registryError(where: string, what: string, cause?: unknown): FlexilibError {
  return new FlexilibError('FL_REGISTRY', `${where}: ${what}`, { cause });
}
