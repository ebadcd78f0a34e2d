// Who asks: Basic (RFC 7617), and the tokens of the distribution project's authentication specification.
import type { Credentials, FindCredentials } from './credentials.ts';
import { registryError } from './error.ts';
import { exchange, type Incoming, type Outgoing, readBody } from './exchange.ts';
import type { Reference } from './reference.ts';
import { one } from './store.ts';

const TOKEN_MAX = 64 << 10;
const TOKEN_MS = 30_000;

/** Sends with what the registry is known to want; what it wants is learnt from its 401. Throws FL_REGISTRY. */
export type Send = (outgoing: Outgoing) => Promise<Incoming>;

/** actions: what the token is to be good for, «pull» or «pull,push». */
export function createSend(
  where: string,
  reference: Reference,
  actions: string,
  findCredentials: FindCredentials,
): Send {
  const { registry, repository, plain } = reference;
  let last: string | undefined;

  async function authorize(challenge: Challenge): Promise<string> {
    const credentials = await findCredentials(registry, repository);
    if (challenge.scheme === 'basic') {
      if (!credentials)
        throw registryError(where, `401, ${registry} wants credentials; ${howToLogIn(registry)}`);
      if ('identityToken' in credentials)
        throw registryError(where, `${registry} wants a password, not a token`);
      return basic(credentials);
    }
    const scope = `repository:${repository}:${actions}`;
    const token = await fetchToken(where, challenge.parameters, scope, credentials, plain);
    return `Bearer ${token}`;
  }

  return async (outgoing) => {
    const answer = await exchange(where, { ...outgoing, authorization: last });
    if (answer.status !== 401) return answer;
    answer.body.destroy();
    const challenge = findChallenge(answer.headers['www-authenticate'] ?? '');
    if (!challenge || answer.url.origin !== outgoing.url.origin)
      throw registryError(where, `401, and ${answer.url.host} doesn't say in a way known here how to log in`);
    last = await authorize(challenge);
    const second = await exchange(where, { ...outgoing, authorization: last });
    if (second.status !== 401) return second;
    second.body.destroy();
    last = undefined;
    throw registryError(where, `401, ${registry} doesn't take the credentials; ${howToLogIn(registry)}`);
  };
}

export const howToLogIn = (registry: string): string =>
  `\`docker login ${registry}\` stores some, DOCKER_CONFIG or REGISTRY_AUTH_FILE says where they are`;

const basic = ({ username, password }: { username: string; password: string }): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

export interface Challenge {
  scheme: 'basic' | 'bearer';
  parameters: ReadonlyMap<string, string>;
}

const SCHEME = /(?:^|,)\s*([A-Za-z]+)(?=\s|$|,)/g;
const PARAMETER = /\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|$)/y;

/** The first that is known, Bearer before Basic (RFC 9110 11.6.1). */
export function findChallenge(field: string): Challenge | null {
  if (field.length > TOKEN_MAX) return null;
  const found: Challenge[] = [];
  for (const match of field.matchAll(SCHEME)) {
    const scheme = match[1].toLowerCase();
    if (scheme !== 'basic' && scheme !== 'bearer') continue;
    const parameters = new Map<string, string>();
    PARAMETER.lastIndex = match.index + match[0].length;
    for (let next = PARAMETER.exec(field); next; next = PARAMETER.exec(field)) {
      const [, name, quoted, token] = next;
      const key = name.toLowerCase();
      if (!parameters.has(key)) parameters.set(key, quoted?.replace(/\\(.)/g, '$1') ?? token);
    }
    found.push({ scheme, parameters });
  }
  return found.find(({ scheme }) => scheme === 'bearer') ?? found[0] ?? null;
}

async function fetchToken(
  where: string,
  parameters: Challenge['parameters'],
  scope: string,
  credentials: Credentials | null,
  plain: boolean,
): Promise<string> {
  const realm = parameters.get('realm') ?? '';
  const url = URL.canParse(realm) ? new URL(realm) : null;
  // The password goes there: a registry with TLS has no say in where it goes without.
  if (!url || !(url.protocol === 'https:' || (plain && url.protocol === 'http:')) || url.username !== '')
    throw registryError(where, 'the registry names no place with TLS where tokens are given');
  const service = parameters.get('service');
  const wanted = parameters.get('scope') || scope;
  const outgoing: Outgoing = { method: 'GET', url, timeout: TOKEN_MS };
  if (credentials && 'identityToken' in credentials) {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: credentials.identityToken,
      client_id: 'flexilib',
      scope: wanted,
      ...(service === undefined ? {} : { service }),
    });
    const bytes = Buffer.from(form.toString());
    outgoing.method = 'POST';
    outgoing.headers = { 'content-type': 'application/x-www-form-urlencoded' };
    outgoing.body = { length: bytes.length, open: () => one(bytes) };
  } else {
    if (service !== undefined) url.searchParams.set('service', service);
    for (const each of wanted.split(' ')) url.searchParams.append('scope', each);
    if (credentials) outgoing.authorization = basic(credentials);
  }
  const answer = await exchange(where, outgoing);
  const bytes = await readBody(where, answer, TOKEN_MAX);
  if (answer.status !== 200) {
    const why = credentials ? `doesn't take the credentials` : 'gives no token without credentials';
    throw registryError(where, `${url.host} ${why} (${answer.status}); ${howToLogIn(registryOf(where))}`);
  }
  const token = tokenIn(bytes);
  if (token === null) throw registryError(where, `${url.host} answers with something else than a token`);
  return token;
}

const registryOf = (where: string): string => where.replace(/^oci(\+http)?:\/\//, '').split('/')[0];

function tokenIn(bytes: Buffer): string | null {
  let json: { token?: unknown; access_token?: unknown };
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
  const token = json?.token ?? json?.access_token;
  return typeof token === 'string' && /^[\x21-\x7e]+$/.test(token) ? token : null;
}
