import { describe } from 'vitest';
import { doors } from './start.ts';
import { malformed } from './suite/malformed.ts';

describe.each(doors)('%s', (_name, start) => malformed(start));
