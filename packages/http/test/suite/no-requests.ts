// What is no request: each must be answered with a 400 and a close. The path is /echo.

const get = (...lines: string[]) => `GET /echo HTTP/1.1\r\n${['Host: a', ...lines].join('\r\n')}\r\n\r\n`;
const post = (fields: string, body: string) => `POST /echo HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}`;
const line = (text: string) => `${text}\r\nHost: a\r\n\r\n`;

/** What could not be read as a request at all. */
export const unparsable: [what: string, bytes: string][] = [
  [
    'content-length and transfer-encoding',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n'),
  ],
  [
    'transfer-encoding and content-length',
    post('Transfer-Encoding: chunked\r\nContent-Length: 5', '0\r\n\r\n'),
  ],
  ['two equal content-lengths', post('Content-Length: 5\r\nContent-Length: 5', 'hello')],
  ['two different content-lengths', post('Content-Length: 5\r\nContent-Length: 6', 'hello!')],
  ['a list of content-lengths', post('Content-Length: 5, 5', 'hello')],
  ['a signed content-length', post('Content-Length: +5', 'hello')],
  ['a negative content-length', post('Content-Length: -5', 'hello')],
  ['a hexadecimal content-length', post('Content-Length: 0x5', 'hello')],
  ['an empty content-length', post('Content-Length:', '')],
  ['a content-length past 64 bits', post('Content-Length: 18446744073709551617', 'h')],
  ['a folded field', get('X: a\r\n b')],
  ['a folded field at the start', 'GET /echo HTTP/1.1\r\n Host: a\r\n\r\n'],
  ['a bare CR in a value', get('X: a\rb')],
  ['a bare CR that ends a line', 'GET /echo HTTP/1.1\rHost: a\r\r'],
  ['a bare LF that ends the request line', 'GET /echo HTTP/1.1\nHost: a\r\n\r\n'],
  ['a bare LF that ends a field', 'GET /echo HTTP/1.1\r\nHost: a\nX: b\r\n\r\n'],
  ['a bare LF that ends the head', 'GET /echo HTTP/1.1\r\nHost: a\r\n\n'],
  ['a NUL in a value', get('X: a\0b')],
  ['a NUL in a name', get('X\0: a')],
  ['a NUL in the target', line('GET /echo\0 HTTP/1.1')],
  ['a control byte in a value', get('X: a\x01b')],
  ['a control byte in the target', line('GET /echo\x01 HTTP/1.1')],
  ['a tab in the target', line('GET /echo\t HTTP/1.1')],
  ['a blank before the colon', get('X : a')],
  ['a tab before the colon', get('X\t: a')],
  ['no name', get(': a')],
  ['no colon', get('X')],
  ['an illegal name', get('X@y: a')],
  ['a name with bytes past ASCII', get('X\xe9: a')],
  ['an unknown method', line('FOO /echo HTTP/1.1')],
  ['a method in lower case', line('get /echo HTTP/1.1')],
  ['no method', line('/echo HTTP/1.1')],
  ['a method with an illegal byte', line('G@T /echo HTTP/1.1')],
  ['a blank before the method', line(' GET /echo HTTP/1.1')],
  ['no target', line('GET HTTP/1.1')],
  ['a relative target', line('GET echo HTTP/1.1')],
  ['a blank in the target', line('GET /echo x HTTP/1.1')],
  ['a version in lower case', line('GET /echo http/1.1')],
  ['version 1.2', line('GET /echo HTTP/1.2')],
  ['a version without digits', line('GET /echo HTTP/a.b')],
  ['a version with two digits', line('GET /echo HTTP/1.10')],
  ['a version past 9', line('GET /echo HTTP/11.1')],
  ['another protocol', line('GET /echo HTTPS/1.1')],
  ['a blank after the version', line('GET /echo HTTP/1.1 ')],
  ["HTTP/2's preface", 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
];

/** What could be read, and is no request that HTTP/1.1 allows. */
export const illegal: [what: string, bytes: string][] = [
  ['version 2.0', line('GET /echo HTTP/2.0')],
  ['version 0.9', line('GET /echo HTTP/0.9')],
  ['no version', 'GET /echo\r\n\r\n'],
  ['two Hosts', get('Host: a')],
  ['two different Hosts', get('host: b')],
  ['no Host', 'GET /echo HTTP/1.1\r\n\r\n'],
  ['a blank in Host', 'GET /echo HTTP/1.1\r\nHost: a b\r\n\r\n'],
  ['a path in Host', 'GET /echo HTTP/1.1\r\nHost: a/b\r\n\r\n'],
  ['a user in Host', 'GET /echo HTTP/1.1\r\nHost: a@b\r\n\r\n'],
  ['a byte past ASCII in Host', 'GET /echo HTTP/1.1\r\nHost: \xe9\r\n\r\n'],
  ['a coding before chunked', post('Transfer-Encoding: gzip, chunked', '0\r\n\r\n')],
  ['a fragment', line('GET /echo#a HTTP/1.1')],
  ['another scheme', line('GET ftp://a/echo HTTP/1.1')],
  ['an asterisk with GET', line('GET * HTTP/1.1')],
  ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n'],
];

/** Which of both it is depends on the parser; what matters is that it is refused. */
export const either: [what: string, bytes: string][] = [
  ['transfer-encoding without chunked', post('Transfer-Encoding: gzip', 'hello')],
  ['chunked before another coding', post('Transfer-Encoding: chunked, gzip', '0\r\n\r\n')],
  ['chunked twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', '0\r\n\r\n')],
  ['chunked twice in a list', post('Transfer-Encoding: chunked, chunked', '0\r\n\r\n')],
  ['no coding', post('Transfer-Encoding:', '0\r\n\r\n')],
  ['a coding that only looks like chunked', post('Transfer-Encoding: xchunked', '0\r\n\r\n')],
  ['chunked with a vertical tab', post('Transfer-Encoding: \x0bchunked', '0\r\n\r\n')],
  ['transfer-encoding in 1.0', 'POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ["RTSP's methods", line('DESCRIBE /echo RTSP/1.0')],
];

const chunks = (text: string) => post('Transfer-Encoding: chunked', text);
/** A head that is fine, and a body whose end can't be found. */
export const badBodies: [what: string, bytes: string][] = [
  ['a chunk size that is no number', chunks('x\r\nhello\r\n0\r\n\r\n')],
  ['a chunk size with 0x', chunks('0x5\r\nhello\r\n0\r\n\r\n')],
  ['a negative chunk size', chunks('-5\r\nhello\r\n0\r\n\r\n')],
  ['an empty chunk size', chunks('\r\nhello\r\n0\r\n\r\n')],
  ['a chunk size past 64 bits', chunks('10000000000000005\r\nhello\r\n0\r\n\r\n')],
  ['a chunk longer than its size', chunks('4\r\nhello\r\n0\r\n\r\n')],
  ['a chunk shorter than its size', chunks('6\r\nhello\r\n0\r\n\r\n')],
  ['a bare LF after a chunk size', chunks('5\nhello\r\n0\r\n\r\n')],
  ['a bare LF after a chunk', chunks('5\r\nhello\n0\r\n\r\n')],
  ['a blank before a chunk size', chunks(' 5\r\nhello\r\n0\r\n\r\n')],
  ['a blank after a chunk size', chunks('5 \r\nhello\r\n0\r\n\r\n')],
  ['a bare CR in a chunk extension', chunks('5;a\rb\r\nhello\r\n0\r\n\r\n')],
  ['a bare LF in a chunk extension', chunks('5;a\nb\r\nhello\r\n0\r\n\r\n')],
  ['a NUL in a chunk extension', chunks('5;a\0b\r\nhello\r\n0\r\n\r\n')],
  ['a trailer without a colon', chunks('5\r\nhello\r\n0\r\nX\r\n\r\n')],
  ['chunk extensions without end', chunks(`1;${'a'.repeat(20_000)}\r\nh\r\n0\r\n\r\n`)],
];
