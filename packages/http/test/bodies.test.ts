import { describe } from 'vitest';
import { doors } from './start.ts';
import { bodies } from './suite/bodies.ts';

describe.each(doors)('%s', (_name, start) => bodies(start));
