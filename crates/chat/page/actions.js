// What an answer proposes, as a card: everything that would be sent, and a button that sends it.

import { api } from "./api.js";
import { allowed } from "./markdown.js";

const KINDS = {
  "ci-run": { title: "Run a pipeline", button: "Run pipeline", fields: [["repo", "Repository"], ["branch", "Branch"]] },
  "issue-create": { title: "Create an issue", button: "Create issue", fields: [["repo", "Repository"], ["title", "Title"], ["labels", "Labels"], ["body", "Text"]] },
  "pr-create": { title: "Create a pull request", button: "Create pull request", fields: [["repo", "Repository"], ["head", "From"], ["base", "Into"], ["title", "Title"], ["body", "Text"]] },
};

const LONG = 200;

function make(name, ...children) {
  const element = document.createElement(name);
  element.append(...children);
  return element;
}

/** A proposal's card. `before` is what came of it earlier, if it was tried; `refused` is told of answers that aren't the action's own. */
export function card(proposal, conversation, before, refused) {
  const kind = KINDS[proposal.type];
  if (!kind) return make("p", `This page doesn't know the action ${proposal.type}.`);
  const element = make("section");
  element.className = "action";
  element.setAttribute("aria-label", kind.title);
  const list = make("dl");
  for (const [field, label] of kind.fields) {
    const value = proposal.payload[field];
    const text = Array.isArray(value) ? value.join(", ") : String(value ?? "");
    if (text === "") continue;
    const definition = make("dd", text);
    if (text.length > LONG || text.split("\n").length > 6) {
      definition.className = "long";
      definition.tabIndex = 0;
    }
    list.append(make("dt", label), definition);
  }
  const button = make("button", kind.button);
  button.type = "button";
  const output = make("output");
  element.append(make("h3", kind.title), list, button, output);

  const show = ({ ok, message, url, error }) => {
    output.replaceChildren();
    output.classList.toggle("wrong", !ok);
    if (!ok) {
      output.append(error?.message ?? "It failed.");
      // Where it may have been done all the same, the person looks before anything is sent again.
      button.disabled = error?.unclear === true;
      button.textContent = "Try again";
      button.hidden = button.disabled;
      return;
    }
    button.hidden = true;
    output.append(message ?? "Done.", " ");
    if (url && allowed(url)) {
      const link = make("a", "Open");
      link.href = url;
      link.target = "_blank";
      link.rel = "noopener noreferrer";
      output.append(link);
    }
  };
  if (before) show(before);

  button.addEventListener("click", async () => {
    if (button.disabled) return;
    button.disabled = true;
    output.classList.remove("wrong");
    output.textContent = "Working…";
    try {
      show(await api.act(proposal.type, { ...proposal.payload, id: proposal.id, conversation_id: conversation }));
    } catch (error) {
      button.disabled = false;
      show({ ok: false, error: { message: error.message, unclear: error.code === "unclear" } });
      refused(error);
    }
  });
  return element;
}

/** What came of an action, from the history's line of it. */
export function outcome(entry) {
  const { result } = entry.action ?? {};
  return result && { ...result, message: entry.text };
}
