// What GitHub Actions and Gitea Actions tell about the run, by the same names; Gitea sets GITHUB_* too, and GITEA_ACTIONS.

/**
 * Takes the environment. Gives null outside of a forge, else: gitea (which of the two), server and repository (their
 * addresses, no slash at the end), owner, ref (`refs/…`), tag (without `refs/tags/`, else null), run (the address of this
 * attempt) and workflow (the address of the workflow's file with its ref; null where it isn't told).
 */
export function forgeOf(env) {
  if (env.GITHUB_ACTIONS !== 'true') return null;
  const server = env.GITHUB_SERVER_URL.replace(/\/+$/, '');
  const repository = `${server}/${env.GITHUB_REPOSITORY}`;
  const ref = env.GITHUB_REF ?? '';
  return {
    gitea: env.GITEA_ACTIONS === 'true',
    server,
    repository,
    owner: env.GITHUB_REPOSITORY.split('/')[0],
    name: env.GITHUB_REPOSITORY,
    ref,
    tag: ref.startsWith('refs/tags/') ? ref.slice('refs/tags/'.length) : null,
    run: `${repository}/actions/runs/${env.GITHUB_RUN_ID}/attempts/${env.GITHUB_RUN_ATTEMPT || 1}`,
    workflow: env.GITHUB_WORKFLOW_REF ? `${server}/${env.GITHUB_WORKFLOW_REF}` : null,
  };
}

/** `REGISTRY/OWNER/flexilib`: of a forge without a registry of that name, the forge's own. A name of an image is lower case. */
export function imageOf(forge, registry) {
  return `${registry || new URL(forge.server).host}/${forge.owner}/flexilib`.toLowerCase();
}

/** The tags of a release, from its git tag: version and `latest`; a pre-release (`v1.2.0-rc.1`) isn't the latest. */
export function tagsOf(tag, version) {
  if (tag === null) return [];
  if (tag !== `v${version}`)
    throw new Error(
      `the tag is ${tag}, but apps/server/package.json has ${version}; raise the version first`,
    );
  return version.includes('-') ? [version] : [version, 'latest'];
}
