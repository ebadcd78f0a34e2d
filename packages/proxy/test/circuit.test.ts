import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Group, Outcome } from '../src/index.ts';
import { groupOf, serve, specOf, targets } from './spec.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

const options = { circuit_breaker: 50, eject_after: 1000 };

function send(group: Group, outcome: Outcome, count: number): void {
  for (let i = 0; i < count; i++) group.end(group.begin(0, [])!, outcome);
}

test('too many failures open the circuit, and answers close it after the rest', () => {
  const { group, lines } = groupOf(specOf(targets(1, 1), options));
  send(group, 'ok', 8);
  send(group, 'failed', 11);
  expect(lines).toEqual([]); // too few to tell
  send(group, 'failed', 1);
  expect(lines).toEqual([{ text: 'the circuit is open: 12 of 20 requests failed', worse: true }]);
  expect(group.begin(0, [])).toBeNull();
  expect(group.retryAfter).toBe(10);
  vi.advanceTimersByTime(8500);
  expect(group.begin(0, [])).toBeNull();
  expect(group.retryAfter).toBe(2);
  vi.advanceTimersByTime(1500);

  const probes = Array.from({ length: 3 }, () => group.begin(0, [])!);
  expect(probes).not.toContain(null);
  expect(group.begin(0, [])).toBeNull();
  expect(group.retryAfter).toBe(1);
  group.end(probes[0]!, 'unknown');
  group.end(probes[1]!, 'ok');
  group.end(probes[2]!, 'ok');
  expect(lines).toHaveLength(1);
  send(group, 'ok', 1);
  expect(lines.slice(1)).toEqual([{ text: 'the circuit is closed again', worse: false }]);
  // What failed before the rest doesn't count any more.
  send(group, 'failed', 19);
  expect(lines).toHaveLength(2);
});

test('answers that go on close it too', () => {
  const { group, lines } = groupOf(specOf(targets(1), options));
  send(group, 'failed', 20);
  vi.advanceTimersByTime(10_000);
  for (let i = 0; i < 3; i++) group.answered(group.begin(0, [])!);
  expect(lines.at(-1)!.text).toBe('the circuit is closed again');
});

test('a failure after the rest opens it again, without another line', () => {
  const { group, lines } = groupOf(specOf(targets(1), options));
  send(group, 'failed', 20);
  for (let i = 0; i < 3; i++) {
    vi.advanceTimersByTime(10_000);
    send(group, 'ok', 2);
    send(group, 'failed', 1);
    expect(group.begin(0, [])).toBeNull();
  }
  expect(lines).toHaveLength(1);
});

test('only the last ten seconds count, and only what has become of a request', () => {
  const { group, lines } = groupOf(specOf(targets(1), options));
  send(group, 'failed', 19);
  send(group, 'unknown', 100);
  vi.advanceTimersByTime(10_000);
  send(group, 'failed', 19);
  vi.advanceTimersByTime(1_000_000);
  send(group, 'failed', 19);
  expect(lines).toEqual([]);
  vi.advanceTimersByTime(5000);
  send(group, 'ok', 19);
  expect(lines).toEqual([]);
  send(group, 'failed', 1);
  expect(lines).toEqual([{ text: 'the circuit is open: 20 of 39 requests failed', worse: true }]);
});

test('what failed before a short rest is forgotten after it', () => {
  const { group, lines } = groupOf(specOf(targets(1), { ...options, eject_time: 100 }));
  send(group, 'failed', 20);
  vi.advanceTimersByTime(100);
  send(group, 'ok', 3);
  expect(lines).toHaveLength(2);
  send(group, 'ok', 10);
  send(group, 'failed', 9);
  expect(lines).toHaveLength(2);
  send(group, 'failed', 1);
  expect(lines.at(-1)!.text).toBe('the circuit is open: 10 of 20 requests failed');
});

test('without circuit_breaker it never opens', () => {
  const { group } = groupOf(specOf(targets(1)));
  send(group, 'failed', 100);
  expect(serve(group)).toBe('1');
});
