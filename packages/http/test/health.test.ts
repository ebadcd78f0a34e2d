import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import { buildLibrary } from '../../native/test/build.ts';
import { doors } from './start.ts';
import { health } from './suite/health.ts';

const source = readFileSync(join(import.meta.dirname, 'executor.c'), 'utf8');

describe.each(doors)('behind %s a library', (_name, start) => health(start, () => buildLibrary(source)));
