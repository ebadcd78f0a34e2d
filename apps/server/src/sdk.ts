// The `flexilib` command's half for authors; bin/flexilib.cjs decides. A program of its own: a server doesn't hold it.
import { run, verbs } from '@flexilib/sdk';

// A watch on a folder that has gone would keep the process; what was written is written (pipes are synchronous on Linux).
run(verbs, process.argv[2], process.argv.slice(3)).then((status) => process.exit(status));
