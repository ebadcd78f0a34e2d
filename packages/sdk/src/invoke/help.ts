export const help = `Usage: flexilib invoke LIBRARY [PATH] [OPTIONS]

Sends one request to a library, in a process of its own, without a server. PATH is / if there is none.

  -X, --request METHOD      GET; POST with data; HEAD with -I
  -H, --header 'NAME: VALUE'
  -d, --data DATA           DATA, of @FILE without line ends, or of standard input as @-; several are joined with &
      --data-binary DATA    the same with every byte of the file
  -i, --include             the response's head too
  -I, --head                the head alone
  -o, --output FILE         into a file instead of standard output
  -v, --verbose             what is sent and received, memory and time, on standard error
  -f, --fail                no body, and status 22, when the response's status is 400 or more
      --leaks               the same request 1000 times: what each leaves behind, and status 1 if it does
      --timeout TIME        that a call may take: 250ms, 5s (the default), 2m
  -h, --help

What the library logs and prints goes to standard error. Status: 0 an answer; 1 none: it can't be loaded, crashed, took
too long, and standard error says where; 2 wrong usage; 22 see --fail.
`;
