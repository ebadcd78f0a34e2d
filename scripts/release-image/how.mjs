/**
 * How anyone verifies it, as text. image: a name with its tag. signer: of signer.mjs. options: log, trusted-root as they were
 * given to who signed.
 */
export function howToVerify(image, { verify, pem }, { log, 'trusted-root': trustedRoot }) {
  const root = trustedRoot ? ' --trusted-root trusted-root.json' : '';
  const who = pem ? '--key cosign.pub' : `${verify.slice(0, 4).join(' ')}`;
  // cosign wants an entry of a log unless it is told that there is none.
  const silent = pem && !log ? ' --insecure-ignore-tlog' : '';
  return [
    '\nHow anyone verifies it:',
    `  cosign verify ${who}${root}${silent} ${image}`,
    ...['cyclonedx', 'spdxjson', 'slsaprovenance1'].map(
      (type) => `  cosign verify-attestation --type ${type} ${who}${root}${silent} ${image}`,
    ),
    `  npx flexilib verify ${who}${root} ${image}`,
    ...(pem ? ['cosign.pub is', pem.trim()] : []),
  ].join('\n');
}
