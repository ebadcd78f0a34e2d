// `flexilib dev`: builds, serves, and at every save builds again and hands the result to the processes that serve.
import { statSync } from 'node:fs';
import { watch } from 'chokidar';
import { nameOf } from '../build/index.ts';
import { readSite } from '../site.ts';
import { bold, dim, duration, green, red, say, sayError } from '../terminal.ts';
import type { Build } from './builds.ts';
import { openChannel } from './channel.ts';
import { createProjects } from './projects.ts';
import type { Failure, FromServer, ToServer } from './protocol.ts';
import { type Server, startServer } from './server.ts';
import { endOnSignals } from './signals.ts';

/** Milliseconds that proxy.ini must keep still: half of one may be right too, and would have projects forgotten. */
const STILL = { stabilityThreshold: 50, pollInterval: 10 };

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
  const site = readSite(place);
  let server: Server | null = null;
  let version = Date.now(); // of a tool that ran before, pages may still be open
  let revision = version;
  const failures = new Map<string, Failure>();
  const latest = new Map<string, Build>();
  const handing = new Set<string>(); // libraries whose build is being handed over
  const early = new Map<string, FromServer>(); // those that served before they were handed over
  const channel = await openChannel(state, onServed);
  const projects = createProjects(onBuilt, forget);

  function state(): ToServer {
    return { kind: 'state', failures: Object.fromEntries(failures), keepServing, version, revision };
  }

  function tell(): void {
    revision += 1;
    channel.send(state());
  }

  function forget(library: string): void {
    latest.delete(library);
    handing.delete(library);
    early.delete(library);
    if (failures.delete(library)) tell();
  }

  function onBuilt(build: Build): void {
    const { library } = build.project;
    latest.set(library, build);
    handing.delete(library);
    if (build.said !== '') say(build.said);
    if (build.failed) {
      failures.set(library, { step: 'build', text: build.said });
      const goesOn = keepServing && server ? '; the build before it goes on' : '';
      tell(); // first: who has read that it failed asks for the answer that says so
      sayError(`${nameOf(build.project)}: the build failed${because(build)}${goesOn}`);
      const served = early.get(library);
      early.delete(library);
      if (served) onServed(served); // by somebody else, then
    } else if (server) {
      handing.add(library);
      channel.handOver(library).then((answers) => onHandedOver(build, answers));
    } else {
      failures.delete(library);
      say(`${green('✓')} ${bold(nameOf(build.project))} built in ${duration(build.took)}`);
    }
  }

  function onHandedOver(build: Build, answers: FromServer[]): void {
    const { project } = build;
    if (latest.get(project.library) !== build) return; // another has ended meanwhile
    handing.delete(project.library);
    const served = early.get(project.library);
    early.delete(project.library);
    const failure = answers.find((answer) => answer.failure !== null)?.failure;
    const built = `${bold(nameOf(project))} built in ${duration(build.took)}`;
    if (failure) {
      failures.set(project.library, { step: 'load', text: failure });
      tell();
      say(`${red('✗')} ${built}, but does not load${because(build)}`);
      return;
    }
    const all = served ? [...answers, served] : answers;
    const took = Math.max(...all.map((answer) => answer.took));
    const fresh = all.some((answer) => answer.fresh);
    const mended = failures.delete(project.library);
    if (fresh) version += 1;
    if (fresh || mended) tell();
    say(`${green('✓')} ${built}, ${fresh ? `swapped in ${duration(took)}` : 'as before'}${because(build)}`);
  }

  /**
   * A library was replaced by somebody else, or by a build that isn't over yet: its compiler has made the file, but still
   * runs. Then the build tells it.
   */
  function onServed(message: FromServer): void {
    const { library, fresh, took } = message;
    if (!fresh) return;
    if (projects.isBuilding(library) || handing.has(library)) {
      early.set(library, message);
      return;
    }
    version += 1;
    tell();
    say(`${green('✓')} ${bold(nameOf({ library }))} swapped in ${duration(took)}`);
  }

  function onConfig(): void {
    if (statSync(site.config, { throwIfNoEntry: false })?.size === 0) return; // an editor is about to write it
    try {
      void projects.follow(readSite(place).projects);
    } catch {
      // The server says what is wrong with it.
    }
    server?.signal('SIGHUP');
  }

  if (site.projects.length === 0)
    say(`${site.config}: no library of it has a project here; nothing is built`);
  endOnSignals(() => server);
  const config = watch(site.config, { ignoreInitial: true, awaitWriteFinish: STILL })
    .on('all', onConfig)
    .on('error', (error) => sayError(`${site.config} can't be watched: ${(error as Error).message}`));
  await projects.follow(site.projects);
  server = startServer({ config: site.config, socket: channel.path, env });
  const status = await server.exit;
  await Promise.all([config.close(), projects.close()]);
  channel.close();
  return status;
}

function because({ changed }: Build): string {
  if (changed.length === 0) return '';
  return dim(
    ` (${changed.slice(0, 3).join(', ')}${changed.length > 3 ? `, ${changed.length - 3} more` : ''})`,
  );
}
