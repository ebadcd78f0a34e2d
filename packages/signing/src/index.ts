// Signatures as Sigstore bundles: made with a key, a token or an identity, and checked without other tools.
export {};
