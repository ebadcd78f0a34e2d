// What brings libraries to those who run them: sign, verify, push.
import type { Verbs } from '../run.ts';
import { pushCommand } from './push.ts';
import { signCommand } from './sign.ts';
import { verifyCommand } from './verify.ts';

export { run } from '../run.ts';

export const verbs: Verbs = { sign: signCommand, verify: verifyCommand, push: pushCommand };
