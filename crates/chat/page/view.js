// Messages on the page.

import { card, outcome } from "./actions.js";
import { Growing } from "./markdown.js";

const log = document.getElementById("log");
const NEAR = 80;

function make(name, className, ...children) {
  const element = document.createElement(name);
  element.className = className;
  element.append(...children);
  return element;
}

/** Whether the end of the messages is in sight; who reads further up isn't taken away from there. */
function isAtEnd() {
  return log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
}

function keepEnd(change) {
  const was = isAtEnd();
  change();
  if (was) log.scrollTop = log.scrollHeight;
}

/** Words as a sentence. */
export const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? "" : ".");

/** Shows a conversation; `earlier` is called for what was said before it. */
export function show(conversation, refused, earlier) {
  log.replaceChildren();
  if (conversation.first > 0) {
    const button = make("button", "quiet", "Earlier messages");
    button.type = "button";
    button.addEventListener("click", () => {
      button.disabled = true;
      earlier(conversation);
    });
    log.append(make("p", "earlier", button));
  }
  if (conversation.entries.length === 0 && !conversation.turn) {
    log.append(make("p", "empty", "Ask about the project, or let it be changed. Answers are by a program that can be wrong."));
  }
  for (const entry of conversation.entries) append(conversation, entry, refused);
  if (conversation.turn) log.append(conversation.turn.message.element);
  log.scrollTop = log.scrollHeight;
}

/** Adds an entry of a conversation that is shown. */
export function append(conversation, entry, refused) {
  log.querySelector(".empty")?.remove();
  if (entry.role === "user") log.append(question(entry.text));
  else if (entry.role === "assistant") log.append(answered(conversation, entry, refused).element);
  else if (!conversation.entries.some((other) => other.actions?.some(({ id }) => id === entry.action?.id))) {
    log.append(make("p", "message state", entry.text));
  }
  log.scrollTop = log.scrollHeight;
}

/** Adds the message of a turn under way. */
export function appendTurn(turn) {
  log.querySelector(".empty")?.remove();
  keepEnd(() => log.append(turn.message.element));
}

function question(text) {
  const element = make("article", "message user", make("div", "text", text));
  element.setAttribute("aria-label", "You");
  return element;
}

function answered(conversation, entry, refused) {
  const message = new Message();
  message.end(conversation, entry, refused);
  return message;
}

/** An answer, while it comes and after. */
export class Message {
  #growing;
  #state = make("p", "state");
  #text = "";
  #waits = false;

  constructor() {
    const body = make("div", "text");
    this.#growing = new Growing(body);
    this.element = make("article", "message assistant", body, this.#state);
    this.element.setAttribute("aria-label", "Answer");
    this.element.setAttribute("aria-busy", "true");
  }

  /** What is to be known of it while nothing comes. */
  say(words, wrong = false) {
    this.#state.textContent = words;
    this.#state.classList.toggle("wrong", wrong);
  }

  /** The text as far as it came. Drawn once a frame, however fast pieces come. */
  update(text) {
    this.#text = text;
    if (this.#waits) return;
    this.#waits = true;
    // A page that isn't seen draws no frames, and still has its text when somebody looks.
    const draw = () => {
      this.#waits = false;
      if (this.element.getAttribute("aria-busy") === "true") keepEnd(() => this.#growing.update(this.#text));
    };
    if (document.hidden) setTimeout(draw, 250);
    else requestAnimationFrame(draw);
  }

  /** It is over. */
  end(conversation, entry, refused) {
    keepEnd(() => {
      this.#growing.update(entry.text);
      const why = sentence(entry.reason ?? "");
      const words = { cancelled: "Stopped.", failed: `It failed: ${why}`, abandoned: `It was given up: ${why}` };
      const unsaved = entry.saved === false ? "This answer isn't saved yet: the disk refuses." : "";
      this.say(words[entry.outcome] ?? (unsaved || (entry.reason ? why : "")), Boolean(unsaved) || !["complete", "cancelled"].includes(entry.outcome));
      for (const proposal of entry.actions ?? []) {
        const tried = conversation.entries.findLast((other) => other.role === "action" && other.action?.id === proposal.id);
        this.element.append(card(proposal, conversation.id, tried && outcome(tried), refused));
      }
    });
    this.element.setAttribute("aria-busy", "false");
  }
}
