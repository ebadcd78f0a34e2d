// The executor ABI, once and as plain data. `npm run generate` makes the C header, the Zig module, the Rust
// crate, the TypeScript layout and the reference page from it; nothing else repeats what is said here.
// Rules: every field is 8 bytes; `host` grows only at its end; the other structs never change.
// The file is long because the documentation of each item lives beside it.
import type { Constant, Export, Func, Struct } from './schema.ts';

export const version = 1;

export const constants: readonly Constant[] = [
  { name: 'ABI_VERSION', value: version, docs: 'The version of the ABI described here.' },
  { name: 'LOG_ERROR', value: 0, docs: 'Level for `host.log`: something failed.' },
  { name: 'LOG_WARNING', value: 1, docs: 'Level for `host.log`: something is odd, but was dealt with.' },
  { name: 'LOG_INFO', value: 2, docs: 'Level for `host.log`: worth knowing.' },
  { name: 'LOG_DEBUG', value: 3, docs: 'Level for `host.log`: worth knowing when looking for a fault.' },
];

const hostFunctions: readonly Func[] = [
  {
    name: 'alloc',
    parameters: [
      { name: 'len', type: 'size' },
      { name: 'alignment', type: 'size' },
    ],
    result: 'memory',
    docs: "Takes `len` bytes from the calling thread's request arena. `alignment` is a power of two.",
    ownership: 'The arena owns the memory; nobody needs to free it.',
    lifetime: 'Until the request ends, after request_deinit.',
    thread: 'Only a thread that is inside handle_request or request_deinit.',
    failure: 'NULL when memory is short, or outside of a request.',
    since: 1,
  },
  {
    name: 'resize',
    parameters: [
      { name: 'ptr', type: 'memory' },
      { name: 'old_len', type: 'size' },
      { name: 'new_len', type: 'size' },
    ],
    result: 'int',
    docs: 'Makes an allocation longer or shorter without moving it. 1: `ptr` now holds `new_len` bytes.',
    ownership: 'As alloc.',
    lifetime: 'As alloc.',
    thread: 'As alloc.',
    failure: '0: nothing changed; allocate anew and copy.',
    since: 1,
  },
  {
    name: 'free',
    parameters: [
      { name: 'ptr', type: 'memory' },
      { name: 'len', type: 'size' },
    ],
    result: 'void',
    docs: 'A hint: gives the bytes back to the arena when they were its last allocation, else does nothing.',
    ownership: '`ptr` came from alloc and has `len` bytes.',
    lifetime: 'The bytes must not be used afterwards.',
    thread: 'As alloc.',
    failure: 'None.',
    since: 1,
  },
  {
    name: 'log',
    parameters: [
      { name: 'level', type: 'size' },
      { name: 'message', type: 'chars' },
      { name: 'len', type: 'size' },
    ],
    result: 'void',
    docs: "Writes a line with the library's name to the server's standard error. `level` is a LOG constant.",
    ownership: 'The message stays yours: it is copied before log returns.',
    lifetime: 'The message is needed only during the call.',
    thread: 'Any thread that is inside a call into the library.',
    failure: 'None: lines may be dropped when nobody reads them.',
    since: 1,
  },
  {
    name: 'remaining_ns',
    parameters: [],
    result: 'u64',
    docs: "Nanoseconds until the current request's deadline; past it the client gets a 504.",
    ownership: 'None.',
    lifetime: 'None.',
    thread: 'Any thread; it answers for the request that the calling thread is in.',
    failure: '0 past the deadline; the largest value outside of a request.',
    since: 1,
  },
  {
    name: 'refuse',
    parameters: [
      { name: 'message', type: 'chars' },
      { name: 'len', type: 'size' },
    ],
    result: 'void',
    docs: "Says that this build won't serve, and why. The build before it goes on serving.",
    ownership: 'The message stays yours: it is copied before refuse returns.',
    lifetime: 'The message is needed only during the call.',
    thread: 'Only inside flexilib_load.',
    failure: 'Elsewhere it does nothing.',
    since: 1,
  },
];

export const structs: readonly Struct[] = [
  {
    name: 'header',
    docs: 'A header field of a request or a response.',
    since: 0,
    fields: [
      { name: 'name_ptr', type: 'chars', docs: 'The name, as the client sent it; compare it without case.' },
      { name: 'name_len', type: 'size', docs: 'Length of the name.' },
      { name: 'value_ptr', type: 'chars', docs: 'The value, without blanks around it.' },
      { name: 'value_len', type: 'size', docs: 'Length of the value.' },
    ],
  },
  {
    name: 'request',
    docs: 'A request. What it points to stays valid until request_deinit, so a response may point into it.',
    since: 0,
    fields: [
      { name: 'target', type: 'chars', docs: 'The raw request target, query included, not decoded.' },
      { name: 'target_len', type: 'size', docs: 'Length of the target.' },
      { name: 'method', type: 'chars', docs: 'The method; a NUL byte follows it.' },
      { name: 'method_len', type: 'size', docs: 'Length of the method, without the NUL.' },
      { name: 'content', type: 'chars', nullable: true, docs: 'The body; undefined when content_len is 0.' },
      { name: 'content_len', type: 'size', docs: 'Length of the body.' },
      {
        name: 'headers',
        type: 'const header',
        nullable: true,
        docs: 'The header fields in the order the client sent them, duplicates included.',
      },
      { name: 'headers_len', type: 'size', docs: 'Number of header fields.' },
    ],
  },
  {
    name: 'response',
    docs:
      'A response. The server takes its headers except connection, content-length, transfer-encoding, ' +
      'keep-alive, date and trailer, which are its own, and adds `content-type: text/plain` when there is no ' +
      'content-type. An illegal header name, a CR, LF, NUL or other control byte but the tab in a header or in the reason, or a status outside ' +
      '200 to 999 turns the answer into a 500 and a log line.',
    since: 0,
    fields: [
      { name: 'ptr', type: 'chars', nullable: true, docs: 'The body; undefined when len is 0.' },
      { name: 'len', type: 'size', docs: 'Length of the body.' },
      {
        name: 'headers',
        type: 'const header',
        nullable: true,
        docs: 'The header fields, sent in this order; undefined when headers_len is 0.',
      },
      { name: 'headers_len', type: 'size', docs: 'Number of header fields.' },
      { name: 'status', type: 'size', docs: 'The status code; 0 means 200.' },
      {
        name: 'reason_ptr',
        type: 'chars',
        nullable: true,
        docs: 'The reason phrase; undefined when reason_len is 0, which means the usual phrase.',
      },
      { name: 'reason_len', type: 'size', docs: 'Length of the reason phrase.' },
    ],
  },
  {
    name: 'host',
    docs: 'What the server offers to a library: flexilib_load hands it over.',
    since: 1,
    fields: [
      {
        name: 'size',
        type: 'size',
        docs: "The size of this struct in the server. A member that lies beyond it doesn't exist there.",
      },
      ...hostFunctions,
    ],
  },
];

export const exports: readonly Export[] = [
  {
    required: true,
    symbol: {
      name: 'handle_request',
      parameters: [{ name: 'request', type: 'request' }],
      result: 'response',
      docs: 'Answers a request.',
      ownership:
        'The server owns the request; the library owns the response and what it points to. The server reads it only.',
      lifetime: 'Both stay valid and unchanged until request_deinit returns.',
      thread: 'Any thread of the server, several at once.',
      failure: 'NULL: the client gets a 500. A crash: 502. Past the deadline: 504.',
      since: 0,
    },
  },
  {
    required: false,
    symbol: {
      name: 'request_deinit',
      parameters: [],
      result: 'void',
      docs: 'Ends the request: the response was sent or copied, and its memory may go.',
      ownership: 'The library takes its response back.',
      lifetime: 'When it has returned, the request and the arena are gone.',
      thread: "On handle_request's thread, after it, also when it returned NULL; never after a crash.",
      failure: 'None.',
      since: 0,
    },
  },
  {
    required: false,
    symbol: {
      name: 'zigInit',
      parameters: [{ name: 'allocator', type: 'allocator' }],
      result: 'void',
      docs:
        "Only for libraries made for the original's interface: hands over the arena as a `std.mem.Allocator`. " +
        'Works with Zig up to 0.13 in any mode and with 0.14 to 0.16 in release modes. New code uses flexilib_load.',
      ownership: 'The server owns the allocator; what it allocates goes when the request ends.',
      lifetime: 'Until request_deinit returns.',
      thread: "On handle_request's thread, before each call of it.",
      failure: 'None.',
      since: 0,
    },
  },
  {
    required: false,
    symbol: {
      name: 'flexilib_abi_version',
      parameters: [],
      result: 'u32',
      docs: 'Returns the ABI_VERSION that the library was compiled with.',
      ownership: 'None.',
      lifetime: 'None.',
      thread: 'On a native thread, before flexilib_load.',
      failure:
        'A version that the server does not know: the library is not loaded, the build before it goes on.',
      since: 1,
    },
  },
  {
    required: false,
    symbol: {
      name: 'flexilib_load',
      parameters: [{ name: 'host', type: 'const host' }],
      result: 'void',
      docs: 'Called once per load, before the first request. The place to open what all requests share.',
      ownership: 'The server owns the table.',
      lifetime: 'The table is valid until flexilib_unload has returned.',
      thread: "On a native thread, never on the server's event loop, with nothing else inside the library.",
      failure:
        'Release what was opened and call host->refuse: this build is closed, without flexilib_unload, and the ' +
        'build before it goes on. A crash refuses it too.',
      since: 1,
    },
  },
  {
    required: false,
    symbol: {
      name: 'flexilib_unload',
      parameters: [],
      result: 'void',
      docs: 'Called once, after the last request: end your threads, close what flexilib_load opened.',
      ownership: 'Everything that the library holds is its own to release.',
      lifetime: 'When it has returned, the library is unmapped.',
      thread: 'On a native thread, with nothing else inside the library.',
      failure: 'None. A thread left running would run unmapped code.',
      since: 1,
    },
  },
  {
    required: false,
    symbol: {
      name: 'flexilib_nonblocking',
      type: 'u8',
      docs:
        'Its presence promises that handle_request never blocks and takes microseconds: it may then run on the ' +
        "server's event loop. Its value is not read.",
      since: 1,
    },
  },
];
