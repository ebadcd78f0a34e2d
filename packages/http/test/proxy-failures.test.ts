import { describe } from 'vitest';
import { doors } from './start.ts';
import { proxyFailures } from './suite/proxy-failures.ts';

describe.each(doors)('%s', (_name, start) => proxyFailures(start));
