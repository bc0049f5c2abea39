const log = document.getElementById("log");
const connection = document.getElementById("connection");
const message = document.getElementById("message");

function line(text) {
  const entry = document.createElement("p");
  entry.textContent = text;
  log.append(entry);
  return entry;
}

const history = await fetch("{base}history", { credentials: "same-origin" });
for (const { title } of (await history.json()).conversations) {
  const item = document.createElement("li");
  item.textContent = title;
  document.getElementById("conversations").append(item);
}

const address = new URL("{base}ws", document.baseURI);
address.protocol = address.protocol.replace("http", "ws");
const socket = new WebSocket(address);
let conversation = null;
let answer = null;
socket.addEventListener("open", () => { connection.textContent = "connected"; });
socket.addEventListener("close", () => { connection.textContent = "closed"; });
socket.addEventListener("message", (event) => {
  const told = JSON.parse(event.data);
  conversation = told.conversation_id ?? conversation;
  if (told.type === "started") answer = line("");
  if (told.type === "token") answer.textContent += told.token;
  if (told.type === "error") line(told.message);
  for (const { id, type, payload } of told.actions ?? []) button(id, type, payload);
});

function button(id, type, payload) {
  const act = document.createElement("button");
  act.textContent = type;
  act.addEventListener("click", async () => {
    const body = JSON.stringify({ ...payload, id, conversation_id: conversation });
    const done = await fetch(`{base}action/${type}`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const told = await done.json();
    line(told.ok ? told.message : told.error.message);
  });
  log.append(act);
}

document.getElementById("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  line(message.value);
  socket.send(JSON.stringify({ type: "chat_request", message: message.value, conversation_id: conversation }));
  message.value = "";
});
