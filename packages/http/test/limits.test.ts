import { describe } from 'vitest';
import { doors } from './start.ts';
import { limits } from './suite/limits.ts';

describe.each(doors)('%s', (_name, start) => limits(start));
