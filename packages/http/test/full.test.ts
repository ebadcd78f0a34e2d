import { describe } from 'vitest';
import { doors } from './start.ts';
import { full } from './suite/full.ts';

describe.each(doors)('%s', (_name, start) => full(start));
