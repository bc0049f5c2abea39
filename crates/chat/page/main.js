// The page's state: conversations, each with what was said and at most one turn under way.

import { Refused, api, uuid } from "./api.js";
import { Connection } from "./connection.js";
import { Message, append, appendTurn, sentence, show } from "./view.js";

const element = (id) => document.getElementById(id);
const [log, notice, composer, message, send, stop, side, menu, list, title, status] = [
  "log", "notice", "composer", "message", "send", "stop", "side", "menu", "conversations", "title", "status",
].map(element);

const DRAFT = "chat-draft";
const NAME = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const conversations = new Map();
const connection = new Connection();
const windows = new BroadcastChannel("disinto-chat");
let current = null;
let signedOut = false;

function conversation(id) {
  if (!conversations.has(id)) conversations.set(id, { id, title: "", entries: [], turn: null, loaded: false });
  return conversations.get(id);
}

// What a person is told beside the messages.

function tell(words, link) {
  notice.replaceChildren(words);
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.to;
    anchor.textContent = link.words;
    notice.append(" ", anchor);
  }
  notice.hidden = false;
}

function quiet() {
  if (!signedOut) notice.hidden = true;
}

function sessionOver() {
  signedOut = true;
  connection.end();
  sessionStorage.setItem(DRAFT, message.value);
  tell("Your session is over.", { to: "login", words: "Sign in again" });
}

function when(seconds) {
  if (!seconds) return "";
  if (seconds < 90) return ` Try again in ${seconds} seconds.`;
  const time = new Date(Date.now() + seconds * 1000);
  const day = time.toDateString() === new Date().toDateString() ? "" : `${time.toLocaleDateString(undefined, { weekday: "long" })}, `;
  return ` Try again at ${day}${time.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })}.`;
}

function refused(error) {
  if (error instanceof Refused && error.status === 401) sessionOver();
}

function trouble(error) {
  if (error instanceof Refused && error.status === 401) sessionOver();
  else tell(sentence(error.message) + when(error.retryAfter));
}

// Conversations.

const items = new Map();

function item(one) {
  if (!items.has(one.id)) {
    const button = document.createElement("button");
    button.type = "button";
    button.addEventListener("click", () => choose(one.id));
    const name = document.createElement("span");
    const state = document.createElement("small");
    state.textContent = "answering…";
    const element = document.createElement("li");
    button.append(name);
    element.append(button);
    items.set(one.id, { element, button, name, state });
  }
  return items.get(one.id);
}

/** Entries stay the same elements: a click on one isn't lost when something changes meanwhile. */
function showList() {
  const shown = [...conversations.values()].filter((each) => each.title).map((each) => {
    const { element, button, name, state } = item(each);
    if (name.textContent !== each.title) name.textContent = each.title;
    if (each.turn) button.append(state);
    else state.remove();
    if (each === current) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    return element;
  });
  if (shown.length !== list.children.length || shown.some((element, nth) => list.children[nth] !== element)) list.replaceChildren(...shown);
}

function showState() {
  const busy = Boolean(current?.turn);
  stop.hidden = !busy;
  send.hidden = busy;
  send.disabled = !connection.isOpen;
  title.textContent = current?.title || "New conversation";
  document.title = current?.title ? `${current.title} · Chat` : "Chat";
  showList();
}

async function refreshList() {
  try {
    const known = await api.conversations();
    const before = new Map(conversations);
    conversations.clear();
    // What was begun a moment ago stands first; the history may not have it yet.
    const fresh = [...before.values()].filter((each) => each.title && !known.some(({ conversation_id: id }) => id === each.id));
    for (const each of fresh) conversations.set(each.id, each);
    for (const { conversation_id: id, title: name } of known) {
      const one = before.get(id) ?? { id, entries: [], turn: null, loaded: false };
      one.title = name || "(nothing said)";
      conversations.set(id, one);
    }
    if (current) conversations.set(current.id, current);
    showList();
  } catch (error) {
    trouble(error);
  }
}

async function load(one) {
  try {
    const { entries, first } = await api.conversation(one.id);
    one.entries = entries;
    one.first = first;
  } catch (error) {
    if (error.status !== 404) throw error;
    one.entries = [];
  }
  one.loaded = true;
}

/** What was said before the part of a conversation that is there. */
async function loadEarlier(one) {
  try {
    const { entries, first } = await api.conversation(one.id, one.first);
    one.entries.unshift(...entries);
    one.first = first;
  } catch (error) {
    trouble(error);
  }
  if (one !== current) return;
  const below = log.scrollHeight - log.scrollTop;
  show(one, refused, loadEarlier);
  // What was in sight stays there.
  log.scrollTop = log.scrollHeight - below;
}

async function choose(id) {
  const one = conversation(id);
  current = one;
  closeSide();
  quiet();
  if (location.hash.slice(1) !== id) history.pushState(null, "", `#${id}`);
  show(one, refused, loadEarlier);
  showState();
  try {
    if (!one.loaded) await load(one);
  } catch (error) {
    trouble(error);
  }
  if (current !== one) return;
  show(one, refused, loadEarlier);
  showState();
  if (!one.turn) connection.send({ type: "resume", conversation_id: id });
}

function begin() {
  const one = conversation(uuid());
  one.loaded = true;
  current = one;
  closeSide();
  quiet();
  history.pushState(null, "", location.pathname + location.search);
  show(one, refused, loadEarlier);
  showState();
  message.focus();
}

// Turns.

function beginTurn(one, turn, asked) {
  one.turn = { turn, seq: 0, text: "", asked, message: new Message() };
  one.turn.message.say("Waiting…");
  if (one === current) appendTurn(one.turn);
  showState();
  return one.turn;
}

function endTurn(one, entry) {
  const { turn } = one;
  // The turn is over before anything else is done: nothing that comes later can get into its message.
  one.turn = null;
  turn.message.end(one, entry, refused);
  one.entries.push(entry);
  if (one === current) {
    status.textContent = entry.outcome === "complete" ? "The answer is complete." : "The answer has ended.";
  }
  showState();
}

/** A question that the service didn't take goes back to where it was written. */
function giveBack(one) {
  const { turn } = one;
  one.turn = null;
  turn.message.element.remove();
  if (turn.asked !== undefined) {
    if (one.entries.at(-1)?.text === turn.asked) one.entries.pop();
    if (one === current && message.value === "") message.value = turn.asked;
  }
  if (one.entries.length === 0) one.title = "";
  if (one === current) show(one, refused, loadEarlier);
  showState();
}

function ask(text) {
  const one = current;
  if (one.turn || !connection.send({ type: "chat_request", message: text, conversation_id: one.id })) return false;
  quiet();
  const entry = { role: "user", text };
  one.entries.push(entry);
  one.title ||= text.split("\n")[0].slice(0, 80);
  if (location.hash.slice(1) !== one.id) history.replaceState(null, "", `#${one.id}`);
  append(one, entry, refused);
  beginTurn(one, null, text);
  status.textContent = "The question was sent.";
  return true;
}

function inTurn(one, frame) {
  let { turn } = one;
  if (turn?.turn && turn.turn !== frame.turn) return;
  turn ??= beginTurn(one, frame.turn);
  if (frame.seq <= turn.seq) return;
  // Now the question is in the history, where other windows find it.
  if (turn.asked !== undefined && !turn.turn) windows.postMessage(one.id);
  turn.turn = frame.turn;
  turn.seq = frame.seq;
  const ended = (outcome, rest) => endTurn(one, { role: "assistant", text: turn.text, outcome, ...rest });
  switch (frame.type) {
    case "queued":
      turn.message.say(frame.place > 1 ? `Waiting; ${frame.place - 1} before it.` : "Waiting; it is the next.");
      break;
    case "started":
      turn.message.say("Answering…");
      break;
    case "notice":
      turn.note = frame.message;
      turn.message.say(sentence(frame.message));
      break;
    case "token":
      turn.text += frame.token;
      turn.message.update(turn.text);
      break;
    case "complete":
      ended("complete", { text: frame.text, actions: frame.actions, saved: frame.saved, reason: turn.note });
      refreshList();
      break;
    case "cancelled":
      ended("cancelled");
      break;
    case "error":
      ended(frame.code === "abandoned" ? "abandoned" : "failed", { reason: frame.message });
      break;
  }
}

/** A turn that was under way is not there any more: the history says what came of it. */
async function lostTurn(one) {
  const { turn } = one;
  try {
    await load(one);
  } catch (error) {
    trouble(error);
    return;
  }
  if (one.turn !== turn) return;
  const last = one.entries.findLast((entry) => entry.role === "user");
  if (turn.asked !== undefined && last?.text !== turn.asked) {
    one.entries.push({ role: "user", text: turn.asked });
    giveBack(one);
    tell("Your question didn't arrive. Send it again.");
    return;
  }
  one.turn = null;
  if (one === current) show(one, refused, loadEarlier);
  showState();
}

function beside(frame) {
  const one = conversations.get(frame.conversation_id);
  if (frame.type !== "error") return;
  if (frame.code === "not_running") {
    if (one?.turn) lostTurn(one);
    return;
  }
  if (one?.turn && !one.turn.turn) giveBack(one);
  tell(sentence(frame.message) + when(frame.retry_after));
}

connection.addEventListener("frame", ({ detail: frame }) => {
  if (frame.type === "session_expired") sessionOver();
  else if (frame.seq && frame.conversation_id) inTurn(conversation(frame.conversation_id), frame);
  else beside(frame);
});

connection.addEventListener("state", ({ detail: state }) => {
  const words = { connecting: "connecting…", open: "connected", closed: "not connected" };
  element("connection").dataset.state = state;
  element("connection").textContent = signedOut ? "signed out" : words[state];
  if (state === "open") {
    quiet();
    for (const one of conversations.values()) {
      if (one.turn) connection.send({ type: "resume", conversation_id: one.id, turn: one.turn.turn ?? undefined, after: one.turn.seq });
      else if (one === current && one.title) connection.send({ type: "resume", conversation_id: one.id });
    }
  }
  showState();
});

// A socket can't tell why it wasn't opened; a request can.
connection.addEventListener("lost", () =>
  api.session().then(({ full }) => {
    if (full) tell(sentence(full));
  }, refused),
);

// What happens in another window of the same browser shows here too.
windows.addEventListener("message", async ({ data: id }) => {
  // Other services share the origin, and could say anything.
  if (typeof id !== "string" || !NAME.test(id) || signedOut) return;
  await refreshList();
  const one = conversations.get(id);
  if (!one || one.turn) return;
  one.loaded = false;
  if (one === current) await choose(id);
});

// What people do.

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = message.value.trim();
  if (text === "" || signedOut) return;
  if (ask(text)) message.value = "";
  else if (!current.turn) tell("There is no connection just now; your question stays here until there is one.");
  message.focus();
});

const coarse = matchMedia("(pointer: coarse)");
message.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !coarse.matches) {
    event.preventDefault();
    composer.requestSubmit();
  }
});

stop.addEventListener("click", () => {
  if (current.turn) connection.send({ type: "cancel", conversation_id: current.id });
  message.focus();
});

element("new").addEventListener("click", begin);

function closeSide() {
  side.classList.remove("open");
  menu.setAttribute("aria-expanded", "false");
}

menu.addEventListener("click", () => {
  const open = side.classList.toggle("open");
  menu.setAttribute("aria-expanded", String(open));
  if (open) element("new").focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && side.classList.contains("open")) {
    closeSide();
    menu.focus();
  }
});

log.addEventListener("click", closeSide);
addEventListener("popstate", () => (NAME.test(location.hash.slice(1)) ? choose(location.hash.slice(1)) : begin()));
addEventListener("online", () => connection.isOpen || signedOut || connection.open());

async function start() {
  message.value = sessionStorage.getItem(DRAFT) ?? "";
  sessionStorage.removeItem(DRAFT);
  const wanted = location.hash.slice(1);
  current = conversation(NAME.test(wanted) ? wanted : uuid());
  current.loaded = current.id !== wanted;
  show(current, refused, loadEarlier);
  showState();
  try {
    const { user } = await api.session();
    element("user").textContent = user;
    await refreshList();
    if (!current.loaded) await choose(current.id);
  } catch (error) {
    trouble(error);
  }
  if (!signedOut) connection.open();
  message.focus();
}

start();
