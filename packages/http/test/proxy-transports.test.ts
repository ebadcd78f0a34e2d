import { describe } from 'vitest';
import { doors } from './start.ts';
import { proxyTransports } from './suite/proxy-transports.ts';

describe.each(doors)('%s', (_name, start) => proxyTransports(start));
