import { describe } from 'vitest';
import { doors } from './start.ts';
import { answers } from './suite/answers.ts';

describe.each(doors)('%s', (_name, start) => answers(start));
