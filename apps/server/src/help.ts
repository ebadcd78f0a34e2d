export const help = `flexilib: a web server whose routes are native libraries

Usage:
  flexilib [serve] [--config FILE] [--watch] [--no-supervisor]
                             serve the routes of FILE (default ./proxy.ini), and read
                             it again when it changes (--watch); without a supervisor
                             in one process, which nobody starts again
  flexilib check [FILE]      say what is wrong with FILE, and serve nothing
  flexilib upgrade [PID]     let a running server go on with the installed files
  flexilib --help | --version

For who writes libraries (each has a --help):
  flexilib dev [DIR]         build, serve, and swap in each save; failures are answered
  flexilib build|test [DIR]  build the projects of DIR's libraries, or run their tests
  flexilib invoke FILE PATH  call a library once, without a server
  flexilib inspect FILE      say what a library needs, exports and lacks
  flexilib sign FILE ...     sign files and images; servers and cosign verify it
  flexilib verify FILE ...   say who signed, and what differs
  flexilib push IMAGE FILE   push a library to a registry, for routes that say oci://IMAGE

Paths in FILE are relative to its folder. Options of the server stand in its section
[server]; these environment variables win over it:
  PORT                       port to listen on (8069)
  HOST                       address to listen on (0.0.0.0)
  WORKERS                    serving processes (1)
  SERVER_THREAD_COUNT        native threads of each that run executors (CPUs / WORKERS)
  RESPONSE_PREALLOCATION_KB  memory kept ready in each of them (8)
  FLEXILIB_RUN_DIR           where private copies of libraries go (the temporary folder)
  FLEXILIB_CACHE_DIR         where libraries that are pulled go (~/.cache/flexilib)
  NO_COLOR                   no colours on the terminal

Signals:
  HUP        read FILE again; when it has errors, they are told and nothing changes
  USR2       as \`flexilib upgrade\`
  TERM, INT  finish the requests in flight and exit; a second one exits at once

Request lines go to standard output, everything else to standard error.
Exit status: 0 done, 1 failed, 2 wrong usage.
`;
