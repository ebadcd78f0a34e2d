// How an image came about, as SLSA provenance: https://slsa.dev/spec/v1.0/provenance. The predicate alone; who signs it adds
// the subject. Apart from `runDetails` it depends on the commit and the arguments alone. docs/releasing.md documents it.
import { materials, sourceUri } from './provenance/materials.mjs';

const page = 'https://github.com/flexilib/flexilib/blob/main/docs/releasing.md';

/** What the build does with its parameters is written there; other steps, or other parameters, are another version. */
export const buildType = `${page}#build-type-1`;

/**
 * Takes source (repository: the address of it; ref, or null; commit), platforms (`linux/amd64` …), the forge of
 * ci/forge.mjs or null, and the times (Date) when the build began and ended.
 */
export function provenanceOf({ source, platforms, forge, startedOn, finishedOn }) {
  return {
    buildDefinition: {
      buildType,
      externalParameters: { source: sourceUri(source), platforms },
      internalParameters: {},
      resolvedDependencies: materials(source, platforms),
    },
    runDetails: {
      builder: { id: builderOf(forge) },
      metadata: {
        ...(forge && { invocationId: forge.run }),
        startedOn: second(startedOn),
        finishedOn: second(finishedOn),
      },
    },
  };
}

/** The workflow is who builds; where a forge doesn't tell its file, its runs are. Nobody vouches for a machine of one's own. */
const builderOf = (forge) => (forge ? (forge.workflow ?? `${forge.repository}/actions`) : `${page}#local`);

const second = (date) => `${date.toISOString().slice(0, 19)}Z`;
