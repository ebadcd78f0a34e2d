import { describe } from 'vitest';
import { doors } from './start.ts';
import { order } from './suite/order.ts';

describe.each(doors)('%s', (_name, start) => order(start));
