// The `flexilib` command's half for authors; bin/flexilib.cjs decides. A program of its own: a server doesn't hold it.
import { run } from '@flexilib/sdk';

run(process.argv[2], process.argv.slice(3)).then((status) => {
  process.exitCode = status;
});
