import { describe } from 'vitest';
import { doors } from './start.ts';
import { executors } from './suite/executors.ts';

describe.each(doors)('%s', (_name, start) => executors(start));
