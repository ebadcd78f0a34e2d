import { describe } from 'vitest';
import { doors } from './start.ts';
import { proxyEnd } from './suite/proxy-end.ts';

describe.each(doors)('%s', (_name, start) => proxyEnd(start));
