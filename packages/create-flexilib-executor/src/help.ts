export const help = `create-flexilib-executor: a project in C, Zig or Rust that answers a FlexiLib server's requests

Usage:
  npm create flexilib-executor@latest [NAME] -- [OPTIONS]

NAME is the new folder, \`.\` the current one; its last part names the project and its library.
On a terminal it asks for what isn't given, elsewhere and in CI it takes the defaults.

Options:
  -t, --template c|zig|rust  the language (c)
  --install, --no-install    install the dependencies now, or leave it to you (--no-install)
  -y, --yes                  ask nothing, take the defaults; NAME is then my-executor
  -h, --help
  -V, --version

NO_COLOR in the environment turns colours off.
Exit status: 0 done, 1 failed, 2 wrong usage, 130 left with Ctrl-C. What exists is never overwritten.
`;
