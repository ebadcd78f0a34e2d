import { expect, test } from 'vitest';
import { responseFields } from '../src/index.ts';
import { specOf, targets } from './spec.ts';

const date = 'Thu, 01 Jan 1970 00:00:00 GMT';

test('what is of one connection ends here, the rest goes on as it was written', () => {
  const raw = [
    ...[
      'Date',
      date,
      'Connection',
      'X-Own, close, Date, Content-Length',
      'X-Own',
      '1',
      'Keep-Alive',
      'timeout=5',
    ],
    ...['Transfer-Encoding', 'chunked', 'Upgrade', 'h2c', 'Proxy-Authenticate', 'Basic', 'TE', 'x'],
    ...[
      'Content-Length',
      '3',
      'SET-Cookie',
      'a=\xe9',
      'set-cookie',
      'b=2',
      'Trailer',
      'x-sum',
      'x-empty',
      '',
    ],
  ];
  expect(responseFields(specOf(targets(1)), raw)).toEqual([
    ...['Date', date, 'Content-Length', '3', 'SET-Cookie', 'a=\xe9', 'set-cookie', 'b=2'],
    ...['Trailer', 'x-sum', 'x-empty', ''],
  ]);
});

test('an answer without a date gets one', () => {
  const [name, value, ...rest] = responseFields(specOf(targets(1)), []);
  expect(name).toBe('date');
  expect(Math.abs(Date.parse(value!) - Date.now())).toBeLessThan(10_000);
  expect(rest).toEqual([]);
});

test('the route removes and sets fields', () => {
  const spec = specOf(targets(1), {
    remove_response_header: ['Server', 'x-powered-by'],
    set_response_header: [
      { name: 'X-Frame-Options', value: 'DENY' },
      { name: 'Date', value: date },
    ],
  });
  expect(
    responseFields(spec, ['server', 's', 'X-Powered-By', 'p', 'x-frame-options', 'x', 'a', 'b']),
  ).toEqual([...['a', 'b', 'X-Frame-Options', 'DENY', 'Date', date]]);
});

test('no field becomes two', () => {
  const bad = [
    'a',
    'x\r\nb: c',
    'a',
    'x\ny',
    'a',
    '\0',
    'a\r\nb',
    'x',
    'a b',
    'x',
    '',
    'x',
    'a',
    '\u0100',
    'a:',
    'x',
  ];
  expect(responseFields(specOf(targets(1)), ['date', date, ...bad, 'a', 'tab\tand blank'])).toEqual([
    ...['date', date, 'a', 'tab\tand blank'],
  ]);
});
