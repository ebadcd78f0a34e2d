import { describe } from 'vitest';
import { doors } from './start.ts';
import { stalls } from './suite/stalls.ts';

describe.each(doors)('%s', (_name, start) => stalls(start));
