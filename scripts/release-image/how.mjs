/**
 * How anyone verifies it, as text. image: REGISTRY/NAME; who: trust.signer of signer.mjs; options: log, trusted-root as they
 * were given to who signed.
 */
export function howToVerify(image, tag, digest, who, { log, 'trusted-root': trustedRoot }) {
  const by = who.key
    ? '--key cosign.pub'
    : `--certificate-identity ${who.subject} --certificate-oidc-issuer ${who.issuer}`;
  const root = trustedRoot ? ' --trusted-root trusted-root.json' : '';
  // cosign wants an entry of a log unless it is told that there is none.
  const silent = who.key && !log ? ' --insecure-ignore-tlog' : '';
  return [
    'How anyone verifies it:',
    `  cosign verify ${by}${root}${silent} ${image}:${tag}`,
    ...['cyclonedx', 'spdxjson', 'slsaprovenance1'].map(
      (type) => `  cosign verify-attestation --type ${type} ${by}${root}${silent} ${image}:${tag}`,
    ),
    `  npx flexilib verify ${by}${root} ${image}@${digest}`,
    ...(who.key ? ['cosign.pub:', who.key.export({ type: 'spki', format: 'pem' }).trim()] : []),
  ].join('\n');
}
