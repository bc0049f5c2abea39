export const date = (seconds) => new Date(seconds * 1000).toISOString();
