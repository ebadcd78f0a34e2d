import { describe } from 'vitest';
import { doors } from './start.ts';
import { records } from './suite/records.ts';

describe.each(doors)('%s', (_name, start) => records(start));
