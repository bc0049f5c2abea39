// The socket: opened again when it breaks, and asked now and then whether it is there.

const PING = 25_000;
const PATIENCE = 10_000;
const LONGEST_PAUSE = 15_000;

/** Events: `state` (connecting, open, closed), `frame`, `lost` (it broke before it opened, which a missing session looks like). */
export class Connection extends EventTarget {
  #socket = null;
  #tries = 0;
  #timers = new Set();
  #ended = false;

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  open() {
    this.#ended = false;
    this.#clear();
    this.#tell("state", "connecting");
    const address = new URL("ws", document.baseURI);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    address.hash = "";
    const socket = new WebSocket(address);
    this.#socket = socket;
    let opened = false;
    let answered = 0;
    socket.addEventListener("open", () => {
      opened = true;
      this.#tries = 0;
      this.#tell("state", "open");
      this.#every(PING, () => {
        const before = answered;
        this.send({ type: "ping" });
        // A connection that is half open takes what is sent and never answers.
        this.#after(PATIENCE, () => answered === before && this.#drop(socket));
      });
    });
    socket.addEventListener("message", ({ data }) => {
      answered += 1;
      let frame;
      try {
        frame = JSON.parse(data);
      } catch {
        return;
      }
      if (frame?.type !== "pong") this.#tell("frame", frame);
    });
    socket.addEventListener("close", () => this.#closed(socket, opened));
  }

  /** Sends a message, if it can be. */
  send(message) {
    if (!this.isOpen) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Closes it for good. */
  end() {
    this.#ended = true;
    this.#clear();
    this.#socket?.close();
    this.#tell("state", "closed");
  }

  /** Doesn't wait for a connection that says nothing to agree to its end. */
  #drop(socket) {
    socket.close();
    this.#closed(socket, true);
  }

  #closed(socket, opened) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.#clear();
    this.#tell("state", "closed");
    if (this.#ended) return;
    if (!opened) this.#tell("lost");
    const pause = Math.min(LONGEST_PAUSE, 500 * 2 ** this.#tries) * (0.7 + 0.6 * Math.random());
    this.#tries += 1;
    this.#after(pause, () => this.#ended || this.open());
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #after(time, act) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, time);
    this.#timers.add(timer);
  }

  #every(time, act) {
    this.#after(time, () => {
      act();
      this.#every(time, act);
    });
  }

  #clear() {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
