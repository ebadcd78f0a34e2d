import { describe } from 'vitest';
import { doors } from './start.ts';
import { proxyMessages } from './suite/proxy-messages.ts';

describe.each(doors)('%s', (_name, start) => proxyMessages(start));
