#!/usr/bin/env node
// `npm run chaos -- --seed N --minutes M`: everything that can go wrong, mixed, for a while, under load; each answer is
// compared with what it must be.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { canPress, createActions } from './actions.ts';
import { createHistory } from './history.ts';
import { planOf } from './schedule.ts';
import { openSite, values } from './site.ts';
import { startTraffic } from './traffic.ts';
import { createVerdict } from './verdict.ts';

const REPORT_MS = 10_000;
const { values: given } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '5' },
    requests: { type: 'string', default: 'Infinity' },
    verbose: { type: 'boolean', default: false }, // each step, and what the server says
  },
});
const [seed, minutes, requests] = [given.seed, given.minutes, given.requests].map(Number);
if (![seed, minutes, requests].every((number) => number >= 0)) {
  console.error('error: npm run chaos -- [--seed N] [--minutes M] [--requests N] [--verbose]');
  process.exit(2);
}

const plan = planOf(seed);
const site = await openSite(plan.workers);
const { server } = site;
const history = createHistory(values[0]);
history.installed(1, true);
const actions = createActions(site, history);
const begun = performance.now();
const verdict = createVerdict(seed, () => (performance.now() - begun) / 1000);
const say = (text: string) => console.log(`${((performance.now() - begun) / 1000).toFixed(3)} ${text}`);
console.log(`seed ${seed}: ${minutes} minutes, ${plan.workers} serving, supervisor ${server.supervisor}`);
if (!canPress) console.log('skipped: no descriptors, since there is no prlimit(1)');

// The server says itself when a process takes another's place.
let read = 0;
const listen = setInterval(() => {
  const lines = server.stderr();
  for (; read < lines.length; read++) {
    if (/finishes what it has$/.test(lines[read])) history.replaced();
    verdict.told(lines[read]);
    if (given.verbose) say(lines[read]);
  }
  server.forget();
}, 10);

const traffic = startTraffic({
  port: server.port,
  random: plan.random,
  history,
  onViolation: verdict.violation,
});
const report = setInterval(() => console.log(verdict.line(traffic)), REPORT_MS);

const end = begun + minutes * 60_000;
const under: Promise<void>[] = [];
let exited = false;
server.exit.then(() => {
  exited = true;
});
while (performance.now() < end && traffic.answered < requests && !exited) {
  const step = plan.steps.next().value;
  while (performance.now() < begun + step.at && performance.now() < end && traffic.answered < requests)
    await sleep(Math.min(50, Math.max(1, begun + step.at - performance.now())));
  if (performance.now() < begun + step.at) break;
  verdict.step(step);
  if (given.verbose) say(`${step.number}. ${JSON.stringify(step.event)}`);
  under.push(
    actions.act(step.event).catch((error: Error) => verdict.violation(`${step.number}. ${error.message}`)),
  );
}
await Promise.all(under);
await sleep(1500); // what was done last has settled
await traffic.stop();
clearInterval(report);
server.signal('SIGTERM');
const code = await Promise.race([server.exit, sleep(13_000, 'no exit within 13 s', { ref: false })]);
if (code !== 0) verdict.violation(`at the end: ${code}`);
clearInterval(listen);
console.log(verdict.summary(traffic));
process.exit(verdict.count === 0 ? 0 : 1);
