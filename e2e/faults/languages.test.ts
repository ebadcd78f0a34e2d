import { afterEach, expect, it } from 'vitest';
import { compileCpp, compileRust } from './support/foreign.ts';
import { endScenes, type Mode, modes, openScene } from './support/scene.ts';

afterEach(endScenes);

const cpp = compileCpp(`#include <stdexcept>
  #include <string>
  static flexilib_response response = {"fine", 4};
  static __attribute__((noinline)) void toss(const std::string &what) { throw std::runtime_error(what); }
  extern "C" flexilib_response *handle_request(flexilib_request *request) {
    std::string target(request->target, request->target_len);
    if (target == "/throw") toss(target);
    return &response;
  }`);

// C-unwind: the panic is allowed to leave the function. C: Rust itself ends it there.
const rust = compileRust(
  ['C-unwind', 'C']
    .map(
      (abi, i) => `
  #[${i === 0 ? 'no_mangle' : 'export_name = "unused"'}]
  pub unsafe extern "${abi}" fn handle${i === 0 ? '_request' : ''}(request: *const Request) -> *const Response {
      let target = std::slice::from_raw_parts((*request).target, (*request).target_len);
      if target == b"/panic" { panic!("over the boundary") }
      if target == b"/abort" { return ${i === 0 ? 'handle' : 'no_response'}(request) }
      &RESPONSE
  }`,
    )
    .join('\n') +
    `
  fn no_response(_: *const Request) -> *const Response { panic!("at the boundary") }
  #[repr(C)] pub struct Request { target: *const u8, target_len: usize }
  #[repr(C)] pub struct Response { ptr: *const u8, len: usize, rest: [usize; 5] }
  unsafe impl Sync for Response {}
  static RESPONSE: Response = Response { ptr: b"fine".as_ptr(), len: 4, rest: [0; 5] };`,
);
if (!rust) console.log('F9: no rustc is installed: the panic of Rust is not tried');

async function cross(mode: Mode, library: string, routes: string[]): Promise<void> {
  const scene = await openScene({ mode, library, routes });
  const { pid } = scene.server;
  for (const route of routes) {
    for (let i = 0; i < 3; i++) {
      expect((await scene.get(route)).status).toBe(502);
      expect((await scene.get(`${route}/fine`)).body.toString()).toBe('fine');
    }
    await scene.line(new RegExp(`GET ${route}: crashed: SIGABRT in .*, called from `));
  }
  await scene.replaced(pid);
  await scene.pass();
  expect(scene.lines(/error: process/)).toEqual([]);
}

it.each(modes)('F9 C++ exception crosses the boundary: %s', (mode) => cross(mode, cpp, ['/throw']));

it.skipIf(!rust).each(modes)('F9 Rust panic crosses the boundary: %s', (mode) =>
  cross(mode, rust!, ['/panic', '/abort']),
);
