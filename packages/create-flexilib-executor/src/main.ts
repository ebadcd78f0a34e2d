// `npm create flexilib-executor`. The rest is loaded after the check: it uses functions that an older Node lacks.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 16)) {
  console.error(
    `error: create-flexilib-executor needs Node 20.16 or newer, this is ${process.versions.node} (https://nodejs.org)`,
  );
  process.exit(1);
}
import('./run.ts').then(async ({ run }) => {
  process.exitCode = await run(process.argv.slice(2));
});

export {};
