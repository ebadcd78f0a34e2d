import { describe } from 'vitest';
import { doors } from './start.ts';
import { proxyUpgrade } from './suite/proxy-upgrade.ts';

describe.each(doors)('%s', (_name, start) => proxyUpgrade(start));
