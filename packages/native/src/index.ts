// The native runtime: executors are loaded, called and unloaded here, on native threads, through one small .so.
export { addressOf } from './binding.ts';
export { Call, Outcome } from './call.ts';
export { complaintText } from './complaints.ts';
export { allocated, interruptThread } from './diagnose.ts';
export { type ErrorCode, errorCodes, FlexilibError } from './errors.ts';
export type { Library, LoadFailure, Unloaded } from './library.ts';
export { inheritedListeners, type Listener, openListener } from './listener.ts';
export { type Poll, pollReadable } from './poll.ts';
export { reportOf, settleReports } from './report.ts';
export {
  type Damage,
  type ExecutorLog,
  type Runtime,
  type RuntimeOptions,
  startRuntime,
} from './runtime.ts';
export { type Area, createSockets, Errno, Event, type Sockets } from './sockets.ts';
export { findSupervisor, notify, type Supervisor, type SupervisorCommand, supervise } from './supervisor.ts';
export { type Place, symbolize } from './symbolize.ts';
export { createMemfd, definesSymbol, duplicate, exitNow, libcName, tryLock } from './system.ts';
export { monotonicNow } from './time.ts';
