// Executors in unit tests: load a library, send requests, look at the answers.
export { type ErrorCode, FlexilibError } from '@flexilib/native';
export type { Line } from './host.ts';
export type { Leaks } from './leaks.ts';
export { type Executor, type LoadOptions, load } from './load.ts';
export type { RequestOptions } from './request.ts';
export type { ExecutorResponse } from './response.ts';
