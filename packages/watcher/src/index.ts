/** "This library's bytes changed and have settled." README.md says what counts as an event. */

export type { Watcher, WatcherOptions } from './types.ts';
export { createWatcher } from './watcher.ts';
