// What brings libraries to those who run them: sign, verify, push.
import type { Verbs } from '../run.ts';
import { pushCommand } from './push.ts';

export { run } from '../run.ts';

export const verbs: Verbs = { push: pushCommand };
