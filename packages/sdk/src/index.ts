// What the command does for authors. The server's bundle keeps it in a file of its own.
export { run } from './run.ts';
