import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import { buildLibrary } from '../../native/test/build.ts';
import { proxies, skipOtherwise } from './proxied.ts';
import { answers } from './suite/answers.ts';
import { bodies } from './suite/bodies.ts';
import { executors } from './suite/executors.ts';
import { health } from './suite/health.ts';
import { limits } from './suite/limits.ts';
import { malformed } from './suite/malformed.ts';
import { order } from './suite/order.ts';

const source = readFileSync(join(import.meta.dirname, 'executor.c'), 'utf8');

describe.each(proxies)('%s', (_name, start) => {
  skipOtherwise();
  describe('answers', () => answers(start));
  describe('bodies', () => bodies(start));
  describe('limits', () => limits(start));
  describe('malformed', () => malformed(start));
  describe('order', () => order(start));
  describe('executors', () => executors(start));
  describe('behind it a library', () => health(start, () => buildLibrary(source)));
});
