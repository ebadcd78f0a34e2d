// A registry's client, as far as FlexiLib needs one: pull, push, and what refers to an image (OCI distribution spec 1.1).
export {};
