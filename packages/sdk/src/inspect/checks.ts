// From facts to findings: each check looks at one thing.

import { layout } from '@flexilib/abi-headers';
import { handlerObjection, libcObjection, machineObjection } from '@flexilib/loader';
import { type Anatomy, isRust } from './anatomy.ts';
import type { LibraryFacts } from './facts.ts';
import { type Finding, finding, type Id } from './findings.ts';
import type { Machine } from './machine.ts';
import type { Asked } from './report.ts';
import { compareVersions } from './versions.ts';

export interface Known extends Asked {
  anatomy: Anatomy;
  facts: LibraryFacts;
  /** Imports that no library of the listing defines. */
  undefinedSymbols: string[];
  machine: Machine;
}

/** The oldest glibc that our own parts run on, and that the targets in the hints name. */
const OLD_GLIBC = '2.28';
/** Since this version dlopen(3) refuses what wants executable stacks. */
const STRICT_GLIBC = '2.41';
const SHOWN = 5;

export function check(known: Known): Finding[] {
  return [...loading(known), ...linking(known), ...serving(known), ...unloading(known), ...calls(known)];
}

/** Whether it is an executor for here at all. */
function* loading({ anatomy, facts, machine }: Known): Iterable<Finding> {
  const otherMachine = machineObjection(anatomy);
  if (otherMachine) yield finding('other-machine', otherMachine);
  const otherLibc = libcObjection(anatomy);
  if (otherLibc) yield finding('other-libc', otherLibc);
  if (anatomy.isProgram) yield finding('not-shared', 'is a program (DF_1_PIE)');
  if (anatomy.notForDlopen) yield finding('no-dlopen', 'is marked as not for dlopen (DF_1_NOOPEN)');
  if (!anatomy.exports.has('handle_request')) yield finding('no-handle-request', handlerObjection(anatomy));
  const { version } = facts.abi;
  if (version !== null && version !== layout.ABI_VERSION)
    yield finding(
      'abi-version',
      `is made for version ${version} of the executor ABI, this server has version ${layout.ABI_VERSION}`,
    );
  if (anatomy.executableStack) {
    const refused = machine.glibc !== null && compareVersions(machine.glibc, STRICT_GLIBC) >= 0;
    const what = refused
      ? `glibc ${machine.glibc} refuses to load it`
      : "they become so in the whole server, and glibc 2.41 won't load it";
    yield finding('executable-stack', `asks for executable stacks: ${what}`, refused ? 'error' : 'warning');
  }
  if (anatomy.textRelocations) yield finding('text-relocations', 'has relocations in its code (DF_TEXTREL)');
}

/** Whether what it needs is there. */
function* linking({ anatomy, facts, listing, unasked, undefinedSymbols, machine }: Known): Iterable<Finding> {
  const { glibc } = facts;
  if (glibc && facts.forThisMachine) {
    const because = glibc.symbols.length > 0 ? `, for ${some(glibc.symbols)}` : '';
    if (machine.glibc && compareVersions(glibc.version, machine.glibc) > 0)
      yield finding('glibc-too-new', `needs glibc ${glibc.version}${because}; here is ${machine.glibc}`);
    else if (compareVersions(glibc.version, OLD_GLIBC) > 0)
      yield finding('glibc-floor', `needs glibc ${glibc.version} or newer${because}`);
  }
  if (!listing) {
    if (facts.needed.length > 0 && facts.forThisMachine)
      yield finding('unknown-needs', `what it needs was not looked for: ${unasked}`);
    return;
  }
  const missing = [...listing.found].filter(([, path]) => path === null).map(([name]) => name);
  if (missing.length > 0) {
    yield finding(
      'missing-library',
      `needs ${some(missing)}, which ${missing.length > 1 ? 'are' : 'is'} not found here`,
    );
    return; // their symbols are missing too
  }
  for (const { version, library, by } of listing.versions) {
    const ownNeed = anatomy.versions.some(({ name }) => name === version);
    if (!ownNeed || !version.startsWith('GLIBC_'))
      yield finding('missing-version', `needs version ${version} of ${library}, which has none (for ${by})`);
  }
  const borrowed = undefinedSymbols.filter((name) => machine.defines(name));
  const nowhere = undefinedSymbols.filter((name) => !machine.defines(name));
  if (nowhere.length > 0)
    yield finding('undefined-symbol', `uses ${some(nowhere)}, which nothing that it needs defines`);
  if (borrowed.length > 0)
    yield finding('borrowed-symbol', `uses ${some(borrowed)}, which only Node's own libraries define here`);
}

/** What is to be known while it serves. */
function* serving({ anatomy, facts, machine }: Known): Iterable<Finding> {
  const clashing = anatomy.replaceable.filter((name) => machine.defines(name));
  if (clashing.length > 0)
    yield finding('clashing-symbol', `exports ${some(clashing)}, and gets the server's instead of its own`);
  const { count, names } = facts.otherExports;
  if (count > 0)
    yield finding(
      'extra-exports',
      `exports ${count} other ${plural('symbol', count)}: ${some(names, count)}`,
    );
  if (facts.sourceLine === null)
    yield finding('no-source-lines', `reports of crashes will have ${linesMissing(facts)}`);
  if (anatomy.exports.has('zigInit'))
    yield finding('zig-allocator', "uses zigInit, the original's allocator");
  const { constructors } = facts;
  if (constructors > 0)
    yield finding(
      'constructors',
      `has ${constructors} ${plural('constructor', constructors)}, run twice a build: when it is tried, and when it is loaded`,
    );
}

function linesMissing({ stripped, debug }: LibraryFacts): string {
  const without = stripped ? 'exported functions only, no lines' : 'functions, no lines';
  if (debug.split) return `${without}: debug information in .dwo files isn't read`;
  if (debug.link) return `${without}: debug information in a file of its own (.gnu_debuglink) isn't read`;
  if (debug.compression)
    return `${without}: debug information compressed with ${debug.compression} isn't read`;
  return debug.present
    ? `${without}: its debug information doesn't cover its functions`
    : `${without}: it has no debug information`;
}

/** What keeps a build in memory when the next one has taken over. */
function* unloading({ anatomy }: Known): Iterable<Finding> {
  if (anatomy.nodelete) yield finding('nodelete', 'is never unloaded: it is linked with -z nodelete');
  if (anatomy.unique)
    yield finding('unique-symbol', `is never unloaded: its symbol ${anatomy.unique} is STB_GNU_UNIQUE`);
  const destructors = anatomy.imports.some(({ name }) => /^__cxa_thread_atexit(_impl)?$/.test(name));
  if (destructors && isRust(anatomy.makers))
    yield finding(
      'thread-local-destructor',
      'may stay in memory, if a thread_local! of its own has a Drop',
      'note',
    );
  else if (destructors)
    yield finding(
      'thread-local-destructor',
      'stays in memory once a thread-local value with a destructor was used',
    );
  if (anatomy.staticTls)
    yield finding(
      'static-tls',
      'takes static space for thread-local variables (DF_STATIC_TLS), a little for each new build',
    );
  if (/\$\{?ORIGIN\b/.test(anatomy.runpath))
    yield finding(
      'origin-runpath',
      `looks for libraries in ${anatomy.runpath}: the server's copy lies beside it`,
    );
}

const notable: { id: Id; names: string[]; effect: string }[] = [
  {
    id: 'ends-its-call',
    names: ['exit', 'pthread_exit'],
    effect: 'in a handler: 502, and the process is replaced',
  },
  {
    id: 'ends-the-process',
    names: ['_exit', '_Exit', 'quick_exit'],
    effect: 'the process is gone, and the requests inside it',
  },
  {
    id: 'forks',
    names: ['fork', 'vfork'],
    effect: 'children end with the process, or when they return from the handler',
  },
  {
    id: 'changes-the-process',
    names: ['signal', 'sigaction', 'sigprocmask', 'pthread_sigmask', 'umask', 'chdir', 'fchdir'],
    effect: "put back within half a second, if it was the server's",
  },
];

function* calls({ anatomy: { imports } }: Known): Iterable<Finding> {
  for (const { id, names, effect } of notable) {
    const used = imports.map(({ name }) => name).filter((name) => names.includes(name));
    if (used.length > 0) yield finding(id, `can call ${some(used)}: ${effect}`);
  }
}

function some(names: readonly string[], count: number = names.length): string {
  const shown = names.slice(0, SHOWN).join(', ');
  return count > SHOWN ? `${shown} and ${count - SHOWN} more` : shown;
}

export function plural(word: string, count: number): string {
  return count === 1 ? word : `${word}s`;
}
