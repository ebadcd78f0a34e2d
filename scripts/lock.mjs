#!/usr/bin/env node
// Completes package-lock.json: `npm install` silently drops an optional platform package that its registry can't
// serve right now, and `npm ci` then refuses the lock file. Run it after each change of the dependencies:
//   npm install && node scripts/lock.mjs
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const words = { darwin: 'darwin', linux: 'linux', win32: 'win32', windows: 'win32', android: 'android' };
const cpus = { x64: 'x64', 64: 'x64', arm64: 'arm64' };

let added = 0;
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key]) continue;
    const parts = name.split(/[/-]/);
    const os = parts.map((part) => words[part]).find(Boolean);
    const cpu = parts.map((part) => cpus[part]).find(Boolean);
    if (!os || !cpu) throw new Error(`lock.mjs: can't tell the platform of ${name}; add its entry by hand`);
    lock.packages[key] = { version, cpu: [cpu], optional: true, os: [os] };
    added += 1;
  }
}
// By its hash alone is a package the same tomorrow. One that the registry still lacks is asked for again the next time.
let unpinned = 0;
for (const [key, entry] of Object.entries(lock.packages)) {
  if (!entry.os || entry.integrity) continue;
  const known = published(key.replace('node_modules/', ''), entry.version);
  if (known) Object.assign(entry, known);
  else unpinned += 1;
}

function published(name, version) {
  try {
    const fields = ['dist.integrity', 'libc'];
    const text = execFileSync('npm', ['view', `${name}@${version}`, ...fields, '--json'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const found = JSON.parse(text);
    if (typeof found === 'string') return { integrity: found }; // npm's way when it has one field alone
    return { integrity: found['dist.integrity'], libc: [found.libc].flat() };
  } catch {
    return null;
  }
}

const head = lock.packages[''];
const { '': _, ...rest } = lock.packages;
lock.packages = {
  '': head,
  ...Object.fromEntries(Object.entries(rest).sort(([a], [b]) => a.localeCompare(b, 'en'))),
};
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(
  `package-lock.json: ${added} platform package(s) added, ${unpinned} without a hash: the registry lacks them`,
);
