export * from '@flexilib/sdk/live';
