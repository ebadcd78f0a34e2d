// Upstreams: which one a request goes to, whether it is well, what is said to it and what of its answer goes on.

export { agentOf } from './agents.ts';
export { type Answer, type Attempt, attempt, type Sent } from './attempt.ts';
export {
  beginChunked,
  type Chunked,
  isChunkedDone,
  passChunked,
} from './bytes/chunked.ts';
export {
  type ClientLines,
  type Composer,
  createComposer,
  describeClient,
  rawHeaders,
} from './bytes/request.ts';
export {
  editResponse,
  Framing,
  parseResponse,
  type ResponseHead,
  ResponseParsed,
} from './bytes/response.ts';
export { ascii, createNames, isText, type Names } from './bytes/text.ts';
export { clientAddress, createTrust, type Trust } from './forwarded.ts';
export type { Backend, Group, Outcome } from './group.ts';
export { createGroups, type Groups } from './groups.ts';
export { hashOf } from './hash.ts';
export { interimHead, soundReason } from './interim.ts';
export { isIdempotent, maxForwards, requestFields } from './request-fields.ts';
export { avoidAddress, nextAddress } from './resolve.ts';
export { responseFields } from './response-fields.ts';
export type { UpstreamOptions, UpstreamSpec, UpstreamTarget } from './spec.ts';
export { rewriteTarget } from './target.ts';
export { inOneLine, whyFailed } from './why.ts';
