export const sortBy = (items, key) => [...items].sort((a, b) => String(a[key]).localeCompare(String(b[key])));
