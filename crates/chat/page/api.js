// Requests to the service, all relative to the page: it works below any prefix.

/** An answer that is a refusal. */
export class Refused extends Error {
  constructor(status, code, message, retryAfter) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

async function request(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", cache: "no-store", redirect: "error", ...options, headers: { Accept: "application/json", ...options.headers } });
  } catch {
    throw new Refused(0, "unreachable", "The service can't be reached.");
  }
  const body = await answer.json().catch(() => null);
  if (answer.ok && body !== null) return body;
  if (answer.ok && answer.status === 204) return null;
  const error = body?.error ?? {};
  const message = error.message ?? (answer.ok ? "Something else than the service answers there." : `The service answers ${answer.status}.`);
  throw new Refused(answer.status, error.code ?? "unknown", message, Number(answer.headers.get("Retry-After")) || null);
}

export const api = {
  /** Who is signed in, and what actions there are. */
  session: () => request("session"),
  /** The conversations, the newest first. */
  conversations: async () => (await request("history")).conversations,
  /** What was said in one: the last of it, or of what was said before a place. */
  conversation: (id, before) => request(`history/${encodeURIComponent(id)}${before ? `?before=${before}` : ""}`),
  /** Carries an action out. */
  act: (kind, body) => request(`action/${encodeURIComponent(kind)}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
};

/** A name for a new conversation. `crypto.randomUUID` is there on https pages alone. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
