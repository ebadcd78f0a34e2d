import { expect, test } from 'vitest';
import { environmentOptions } from '../src/index.ts';

test('reads the variables that there are', () => {
  expect(environmentOptions({ PORT: '80', HOST: '::1', HOME: '/root', port: '1' })).toEqual({
    server: { port: 80, host: '::1' },
    errors: [],
  });
  expect(environmentOptions({ SERVER_THREAD_COUNT: '3', RESPONSE_PREALLOCATION_KB: '64' })).toEqual({
    server: { threads: 3, response_preallocation: 65536 },
    errors: [],
  });
});

test('an empty variable is none', () => {
  expect(environmentOptions({ PORT: '', HOST: undefined })).toEqual({ server: {}, errors: [] });
});

test('each fault names its variable', () => {
  const env = { PORT: 'http', SERVER_THREAD_COUNT: '0', RESPONSE_PREALLOCATION_KB: '8k' };
  expect(environmentOptions(env)).toEqual({
    server: {},
    errors: [
      'PORT: `http` is not a whole number; write one from 0 to 65535',
      'SERVER_THREAD_COUNT: `0` is out of range; write a whole number from 1 to 1024',
      'RESPONSE_PREALLOCATION_KB: `8k` is not a whole number; write the number alone, it counts in k',
    ],
  });
  expect(environmentOptions({ RESPONSE_PREALLOCATION_KB: '0' }).errors).toEqual([
    'RESPONSE_PREALLOCATION_KB: `0k` is out of range; write a size from 1k to 1g',
  ]);
});
