import { describe } from 'vitest';
import { doors } from './start.ts';
import { aborts } from './suite/aborts.ts';

describe.each(doors)('%s', (_name, start) => aborts(start));
