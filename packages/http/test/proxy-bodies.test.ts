import { describe } from 'vitest';
import { doors } from './start.ts';
import { proxyBodies } from './suite/proxy-bodies.ts';

describe.each(doors)('%s', (_name, start) => proxyBodies(start));
