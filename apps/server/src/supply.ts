// The `flexilib` command's part that brings libraries to those who run them. A program of its own: Sigstore's code is large.
import { run, verbs } from '@flexilib/sdk/supply';

run(verbs, process.argv[2], process.argv.slice(3)).then((status) => {
  process.exitCode = status;
});
