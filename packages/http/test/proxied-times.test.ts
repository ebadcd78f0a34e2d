import { describe } from 'vitest';
import { proxies, skipOtherwise } from './proxied.ts';
import { aborts } from './suite/aborts.ts';
import { end } from './suite/end.ts';
import { stalls } from './suite/stalls.ts';

describe.each(proxies)('%s', (_name, start) => {
  skipOtherwise();
  describe('aborts', () => aborts(start));
  describe('end', () => end(start));
  describe('stalls', () => stalls(start));
});
