// `flexilib dev`: builds, serves, and at every save builds again and hands the result to the processes that serve.
import { constants } from 'node:os';
import { watch } from 'chokidar';
import { nameOf } from '../build/index.ts';
import { readSite, type Site } from '../site.ts';
import { bold, dim, duration, green, red, say, sayError } from '../terminal.ts';
import { type Build, type Builds, createBuilds } from './builds.ts';
import { openChannel } from './channel.ts';
import type { Failure, FromServer, ToServer } from './protocol.ts';
import { type Server, startServer } from './server.ts';
import { type Sources, watchSources } from './sources.ts';

const PARENT_MS = 500;

export interface DevelopOptions {
  /** A folder with a proxy.ini, or such a file. */
  place: string;
  /** When a build fails, the one before it goes on. */
  keepServing: boolean;
  /** Of the server: HOST, PORT. */
  env: Record<string, string>;
}

/** Works until a signal, or the server's own end; gives the exit status. Throws FL_CONFIG. */
export async function develop({ place, keepServing, env }: DevelopOptions): Promise<number> {
  let site: Site = readSite(place);
  let server: Server | null = null;
  let version = 0;
  let revision = 0;
  let count = 0;
  const builds = new Map<string, Builds>(); // by library
  const sources = new Map<string, Sources>(); // by folder
  const failures = new Map<string, Failure>();
  const handedOver = new Map<number, Build>();
  const channel = await openChannel(state, onServed);

  function state(): ToServer {
    return { kind: 'state', failures: Object.fromEntries(failures), keepServing, version, revision };
  }

  function tell(): void {
    revision += 1;
    channel.send(state());
  }

  function onBuilt(build: Build): void {
    const { library } = build.project;
    const mended = failures.delete(library);
    if (build.said !== '') say(build.said);
    if (build.failed) {
      failures.set(library, { step: 'build', text: build.said });
      const goesOn = keepServing && server ? '; the build before it goes on' : '';
      sayError(`${nameOf(build.project)}: the build failed${because(build)}${goesOn}`);
    } else if (!server) {
      say(`${green('✓')} ${bold(nameOf(build.project))} built in ${duration(build.took)}`);
    } else {
      count += 1;
      handedOver.set(count, build);
      channel.send({ kind: 'built', library, build: count });
    }
    if (mended || build.failed) tell();
  }

  /** Of several processes the first speaks for all. */
  function onServed({ build: number, took, failure }: FromServer): void {
    const build = handedOver.get(number);
    if (!build) return;
    handedOver.delete(number);
    if (failure === null) version += 1;
    else failures.set(build.project.library, { step: 'load', text: failure });
    tell();
    const swap = failure === null ? `swapped in ${duration(took)}` : 'but does not load';
    const mark = failure === null ? green('✓') : red('✗');
    say(`${mark} ${bold(nameOf(build.project))} built in ${duration(build.took)}, ${swap}${because(build)}`);
  }

  function onSource(folder: string, file: string): void {
    for (const project of site.projects)
      if (project.folder === folder) builds.get(project.library)?.change(file);
  }

  /** The configuration's projects are those that are built and watched. */
  async function follow(): Promise<void> {
    for (const [library, its] of builds) {
      if (site.projects.some((project) => project.library === library)) continue;
      its.stop();
      builds.delete(library);
      failures.delete(library);
    }
    for (const [folder, its] of sources) {
      if (site.projects.some((project) => project.folder === folder)) continue;
      sources.delete(folder);
      await its.close();
    }
    const added = site.projects.filter(({ library }) => !builds.has(library));
    for (const project of added) builds.set(project.library, createBuilds(project, onBuilt));
    for (const { folder } of added)
      if (!sources.has(folder))
        sources.set(folder, await watchSources(folder, (file) => onSource(folder, file)));
    await Promise.all(added.map(({ library }) => builds.get(library)!.run()));
  }

  function onConfig(): void {
    try {
      site = readSite(place);
      follow().catch((error: Error) => sayError(error.message));
    } catch {
      // The server says what is wrong with it.
    }
    server?.signal('SIGHUP');
  }

  if (site.projects.length === 0)
    say(`${site.config}: no library of it has a project here; nothing is built`);
  onSignals(() => server);
  await follow();
  const config = watch(site.config, { ignoreInitial: true }).on('all', onConfig);
  server = startServer({ config: site.config, socket: channel.path, env });
  const status = await server.exit;
  for (const its of builds.values()) its.stop();
  await Promise.all([config, ...sources.values()].map((its) => its.close()));
  channel.close();
  return status;
}

/** The server ends as it is told, and this process with it; a terminal that goes away ends both. */
function onSignals(server: () => Server | null): void {
  const end = (name: NodeJS.Signals) => {
    const running = server();
    if (running) running.signal(name);
    else process.exit(128 + constants.signals[name]);
  };
  process.on('SIGINT', () => end('SIGINT'));
  for (const name of ['SIGTERM', 'SIGHUP'] as const) process.on(name, () => end('SIGTERM'));
  // A shell between npm and this process doesn't pass npm's SIGTERM on, it just goes.
  if (process.env.npm_lifecycle_event === undefined) return;
  const { ppid } = process;
  const timer = setInterval(() => {
    if (process.ppid === ppid) return;
    clearInterval(timer); // a second SIGTERM would cut requests off
    end('SIGTERM');
  }, PARENT_MS);
  timer.unref();
}

function because({ changed }: Build): string {
  if (changed.length === 0) return '';
  return dim(
    ` (${changed.slice(0, 3).join(', ')}${changed.length > 3 ? `, ${changed.length - 3} more` : ''})`,
  );
}
