import { describe } from 'vitest';
import { doors } from './start.ts';
import { end } from './suite/end.ts';

describe.each(doors)('%s', (_name, start) => end(start));
