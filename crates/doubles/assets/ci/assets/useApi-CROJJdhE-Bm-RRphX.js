import{config}from"./useConfig-CHp1bqdA.js";
export async function get(path) {
  const answer = await fetch(`${config.rootPath}/api${path}`, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}
