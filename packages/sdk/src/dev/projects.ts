// The projects that are built and watched: those of the configuration as it is now.
import type { Project } from '../build/index.ts';
import { type Build, type Builds, createBuilds } from './builds.ts';
import { type Sources, watchSources } from './sources.ts';

export interface Projects {
  /** From now on these. Settles when those that are new have been built. Never rejects. */
  follow(projects: readonly Project[]): Promise<void>;
  /** Its library is being built. */
  isBuilding(library: string): boolean;
  close(): Promise<void>;
}

/** onBuilt: a build has ended. onGone: a library that nobody asks for any more. */
export function createProjects(onBuilt: (build: Build) => void, onGone: (library: string) => void): Projects {
  const builds = new Map<string, Builds>(); // by library
  const sources = new Map<string, Sources>(); // by folder
  let wanted: readonly Project[] = [];
  let turn: Promise<void> = Promise.resolve();

  function onSource(folder: string, file: string): void {
    for (const project of wanted) if (project.folder === folder) builds.get(project.library)?.change(file);
  }

  async function followNow(projects: readonly Project[]): Promise<void> {
    wanted = projects;
    for (const [library, its] of builds) {
      if (projects.some((project) => project.library === library)) continue;
      its.stop();
      builds.delete(library);
      onGone(library);
    }
    for (const [folder, its] of sources) {
      if (projects.some((project) => project.folder === folder)) continue;
      sources.delete(folder);
      await its.close();
    }
    const added = projects.filter(({ library }) => !builds.has(library));
    for (const project of added) builds.set(project.library, createBuilds(project, onBuilt));
    for (const { folder } of added) {
      if (!sources.has(folder))
        sources.set(folder, await watchSources(folder, (file) => onSource(folder, file)));
    }
    await Promise.all(added.map(({ library }) => builds.get(library)!.run()));
  }

  return {
    follow(projects) {
      turn = turn.then(() => followNow(projects));
      return turn;
    },
    isBuilding: (library) => builds.get(library)?.busy ?? false,
    async close() {
      for (const its of builds.values()) its.stop();
      await Promise.all([...sources.values()].map((its) => its.close()));
    },
  };
}
