const words = { login: "Sign in", logout: "Sign out", repos: "Repositories", none: "No active repositories." };
export const t = (key) => words[key] ?? key;
