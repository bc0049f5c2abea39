// Markdown to nodes, safely: elements are made one by one and text is only ever text, so no markup in an answer means anything.
// An answer that grows is taken apart into blocks; blocks that didn't change keep their nodes.

const DEEPEST = 6;
const BULLET = /^( {0,3})([-*+]|\d{1,9}[.)])( +|$)/;
const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;
const RULE = /^ {0,3}([-*_])( *\1){2,} *$/;
const HEADING = /^ {0,3}(#{1,6})(?= |$)/;
const QUOTE = /^ {0,3}> ?/;
const TABLE_RULE = /^ {0,3}\|?( *:?-+:? *\|)+( *:?-+:? *)?$/;

/** Shows a text that grows in an element. */
export class Growing {
  constructor(element) {
    this.element = element;
    this.shown = [];
  }

  /** The text as it is now. */
  update(text) {
    const sources = split(text);
    let same = 0;
    while (same < this.shown.length && same < sources.length && this.shown[same].source === sources[same]) same += 1;
    for (const { nodes } of this.shown.splice(same)) for (const node of nodes) node.remove();
    for (const source of sources.slice(same)) {
      const nodes = blocks(source.split("\n"), 0);
      this.element.append(...nodes);
      this.shown.push({ source, nodes });
    }
  }
}

/** Takes a text apart where a block surely ends: at blank lines outside fences and lists. */
export function split(text) {
  const sources = [];
  let lines = [];
  let fence = null;
  let list = false;
  let blank = false;
  const end = () => {
    if (lines.some((line) => line.trim() !== "")) sources.push(lines.join("\n"));
    lines = [];
    list = false;
  };
  for (const line of text.replace(/\r\n?/g, "\n").split("\n")) {
    if (fence) {
      lines.push(line);
      if (closes(line, fence)) fence = null;
      continue;
    }
    const empty = line.trim() === "";
    // After a blank line a list goes on with what is indented or another bullet.
    if (blank && !empty && !(list && (/^\s/.test(line) || BULLET.test(line)))) end();
    if (!empty) {
      if (BULLET.test(line) && !RULE.test(line)) list = true;
      fence = opens(line);
    }
    lines.push(line);
    blank = empty;
  }
  end();
  return sources;
}

function opens(line) {
  const found = FENCE.exec(line);
  return found && !(found[1][0] === "`" && found[2].includes("`")) ? found[1] : null;
}

function closes(line, fence) {
  const found = FENCE.exec(line);
  return found !== null && found[1][0] === fence[0] && found[1].length >= fence.length && found[2].trim() === "";
}

function make(name, ...children) {
  const element = document.createElement(name);
  element.append(...children);
  return element;
}

/** The nodes of some lines. */
export function blocks(lines, depth) {
  const nodes = [];
  let at = 0;
  const take = (test) => {
    const from = at;
    while (at < lines.length && test(lines[at], at - from)) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at];
    const fence = opens(line);
    let found;
    if (line.trim() === "") {
      at += 1;
    } else if (fence) {
      at += 1;
      const code = take((next) => !closes(next, fence));
      at += 1;
      nodes.push(make("pre", make("code", code.join("\n"))));
      nodes.at(-1).tabIndex = 0;
    } else if (RULE.test(line)) {
      at += 1;
      nodes.push(make("hr"));
    } else if ((found = HEADING.exec(line))) {
      at += 1;
      // The page's own heading is the first level.
      const words = line.slice(found[0].length).trim().replace(/(^| )#+$/, "");
      nodes.push(make(`h${Math.min(6, found[1].length + 1)}`, ...inline(words, 0)));
    } else if (QUOTE.test(line) && depth < DEEPEST) {
      const quoted = take((next) => QUOTE.test(next)).map((next) => next.replace(QUOTE, ""));
      nodes.push(make("blockquote", ...blocks(quoted, depth + 1)));
    } else if ((found = BULLET.exec(line)) && depth < DEEPEST) {
      const [element, next] = list(lines, at, depth);
      nodes.push(element);
      at = next;
    } else if (line.includes("|") && at + 1 < lines.length && TABLE_RULE.test(lines[at + 1])) {
      nodes.push(table(take((next, nth) => nth < 2 || next.includes("|"))));
    } else {
      const first = at;
      const text = take((next, nth) => nth === 0 || !interrupts(next));
      if (at === first) at += 1;
      nodes.push(make("p", ...inline(text.map((each) => each.trim()).join("\n"), 0)));
    }
  }
  return nodes;
}

function interrupts(line) {
  return line.trim() === "" || opens(line) !== null || RULE.test(line) || HEADING.test(line) || QUOTE.test(line) || BULLET.test(line);
}

/** A list from a line on, and where it ends. */
function list(lines, start, depth) {
  const kind = (mark) => (/\d/.test(mark) ? mark.at(-1) : mark);
  const [, , mark] = BULLET.exec(lines[start]);
  const element = make(/\d/.test(mark) ? "ol" : "ul");
  if (/\d/.test(mark) && Number.parseInt(mark, 10) !== 1) element.start = Number.parseInt(mark, 10);
  let at = start;
  while (at < lines.length) {
    const found = BULLET.exec(lines[at]);
    if (!found || kind(found[2]) !== kind(mark) || RULE.test(lines[at])) break;
    const width = found[1].length + found[2].length + Math.min(4, Math.max(1, found[3].length));
    const item = [lines[at].slice(width)];
    let fence = opens(item[0]);
    at += 1;
    for (; at < lines.length; at += 1) {
      const line = lines[at];
      const inner = line.slice(0, width).trim() === "" ? line.slice(width) : null;
      if (fence && inner !== null) {
        if (closes(inner, fence)) fence = null;
        item.push(inner);
      } else if (line.trim() === "") {
        item.push("");
      } else if (inner !== null) {
        fence = opens(inner);
        item.push(inner);
      } else if (item.at(-1) !== "" && !interrupts(line)) {
        item.push(line.trim());
      } else break;
    }
    const nodes = blocks(item, depth + 1);
    const loose = item.slice(0, item.findLastIndex((line) => line !== "")).includes("");
    element.append(make("li", ...(loose ? nodes : nodes.flatMap((node) => (node.localName === "p" ? [...node.childNodes] : [node])))));
  }
  return [element, at];
}

function table(lines) {
  const cells = (line) => line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
  const sides = cells(lines[1]).map((rule) => (rule.endsWith(":") ? (rule.startsWith(":") ? "center" : "right") : ""));
  const row = (line, name) => make("tr", ...cells(line).map((cell, nth) => {
    const element = make(name, ...inline(cell, 0));
    if (sides[nth]) element.className = sides[nth];
    return element;
  }));
  const element = make("table", make("thead", row(lines[0], "th")), make("tbody", ...lines.slice(2).map((line) => row(line, "td"))));
  const wide = make("div", element);
  wide.className = "wide";
  wide.tabIndex = 0;
  return wide;
}

const SPANS = [["**", "strong"], ["__", "strong"], ["~~", "del"], ["*", "em"], ["_", "em"]];
const PLAIN = /[^\\`*_~[\]!<\nhH]+/y;
const ADDRESS = /https?:\/\/[^\s<>"`]+/iy;
const ANGLED = /<(https?:\/\/[^\s<>]+|mailto:[^\s<>]+)>/iy;

/** The nodes of a text within a block. */
export function inline(text, depth) {
  const nodes = [];
  let plain = "";
  let at = 0;
  // What was looked for in vain isn't looked for again: no text takes longer than its length.
  const absent = new Set();
  const push = (node, length) => {
    if (plain) nodes.push(plain);
    plain = "";
    nodes.push(node);
    at += length;
  };
  const match = (pattern) => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  while (at < text.length) {
    const run = match(PLAIN);
    if (run) {
      plain += run[0];
      at += run[0].length;
      continue;
    }
    const character = text[at];
    let found;
    if (character === "\\" && /[!-/:-@[-`{-~]/.test(text[at + 1] ?? "")) {
      plain += text[at + 1];
      at += 2;
    } else if (character === "\n") {
      push(make("br"), 1);
    } else if (character === "`" && (found = codeSpan(text, at, absent))) {
      push(make("code", found.code), found.length);
    } else if (character === "<" && (found = match(ANGLED))) {
      push(anchor(found[1], [found[1]]), found[0].length);
    } else if ((character === "[" || text.startsWith("![", at)) && depth < DEEPEST && (found = link(text, at + (character === "!" ? 1 : 0)))) {
      // An image is a link to it: nothing is loaded from anywhere.
      push(anchor(found.address, inline(found.label || found.address, DEEPEST)), found.length + (character === "!" ? 1 : 0));
    } else if ((character === "h" || character === "H") && !/[\p{L}\p{N}_]$/u.test(plain.slice(-2)) && (found = match(ADDRESS))) {
      const address = trimmed(found[0]);
      push(anchor(address, [address]), address.length);
    } else if (depth < DEEPEST && (found = span(text, at, absent))) {
      push(make(found.name, ...inline(found.text, depth + 1)), found.length);
    } else {
      plain += character;
      at += 1;
    }
  }
  if (plain) nodes.push(plain);
  return nodes;
}

function codeSpan(text, at, absent) {
  let count = 1;
  while (text[at + count] === "`") count += 1;
  const mark = "`".repeat(count);
  if (absent.has(mark)) return null;
  for (let end = text.indexOf(mark, at + count); end !== -1; end = text.indexOf(mark, end)) {
    let length = count;
    while (text[end + length] === "`") length += 1;
    if (length === count) {
      const code = text.slice(at + count, end).replaceAll("\n", " ");
      return { code: /^ .*\S.* $/.test(code) ? code.slice(1, -1) : code, length: end + count - at };
    }
    end += length;
  }
  absent.add(mark);
  return null;
}

function span(text, at, absent) {
  for (const [mark, name] of SPANS) {
    if (!text.startsWith(mark, at) || absent.has(mark)) continue;
    const after = text[at + mark.length];
    if (after === undefined || /\s/.test(after)) continue;
    // An underscore within a word is part of it.
    if (mark[0] === "_" && /[\p{L}\p{N}]/u.test(text[at - 1] ?? "")) continue;
    let end = text.indexOf(mark, at + mark.length + 1);
    while (end !== -1 && !ends(text, end, mark)) end = text.indexOf(mark, end + 1);
    if (end === -1) {
      absent.add(mark);
      continue;
    }
    return { name, text: text.slice(at + mark.length, end), length: end + mark.length - at };
  }
  return null;
}

function ends(text, end, mark) {
  if (/\s/.test(text[end - 1]) || text[end - 1] === "\\") return false;
  const after = text[end + mark.length] ?? "";
  if (mark.length === 1 && (after === mark || text[end - 1] === mark)) return false;
  return mark[0] !== "_" || !/[\p{L}\p{N}]/u.test(after);
}

/** `[label](address)` at this place. */
function link(text, at) {
  const limit = Math.min(text.length, at + 1000);
  let open = 0;
  let end = at;
  for (; end < limit; end += 1) {
    if (text[end] === "\\") end += 1;
    else if (text[end] === "[") open += 1;
    else if (text[end] === "]" && (open -= 1) === 0) break;
  }
  if (end >= limit || text[end + 1] !== "(") return null;
  const found = /^\(\s*<?((?:[^\s()<>]|\([^\s()<>]*\)){1,2000})>?(?:\s+"[^"\n]{0,500}")?\s*\)/.exec(text.slice(end + 1, end + 2600));
  if (!found || !allowed(found[1])) return null;
  return { label: text.slice(at + 1, end), address: found[1], length: end + 1 - at + found[0].length };
}

/** Without what surely belongs to the sentence around an address. */
function trimmed(address) {
  let text = address.replace(/[.,:;!?'"*_~]+$/, "");
  while (text.endsWith(")") && text.split(")").length > text.split("(").length) text = text.slice(0, -1);
  return text;
}

/** Whether an address may be a link: a whole one, to a place that isn't a script. */
export function allowed(address) {
  try {
    return ["http:", "https:", "mailto:"].includes(new URL(address).protocol);
  } catch {
    return false;
  }
}

function anchor(address, children) {
  if (!allowed(address)) return make("span", ...children);
  const element = make("a", ...children);
  element.href = address;
  element.title = address;
  element.target = "_blank";
  element.rel = "noopener noreferrer";
  return element;
}
