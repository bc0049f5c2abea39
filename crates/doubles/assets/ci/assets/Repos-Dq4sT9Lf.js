import{h}from"./runtime-core.esm-bundler-CJOrt7RF.js";
import{link,list}from"./dist-Vx9T6V7t.js";
import{t}from"./vue-i18n.runtime-Pf8A0YF8.js";
import{config}from"./useConfig-CHp1bqdA.js";
import{get}from"./useApi-CROJJdhE-Bm-RRphX.js";
import{date}from"./useDate-WPP5XqZ6.js";
import{sortBy}from"./index.es-CwW4GvmY.js";

export async function show(main) {
  document.head.append(h("link", { rel: "stylesheet", href: "/BASE_PATH/assets/Repos-C1vYb8Ne.css" }));
  const repos = sortBy(await get("/user/repos"), "full_name");
  const line = (repo) => {
    const last = repo.last_pipeline ? ` #${repo.last_pipeline.number} ${repo.last_pipeline.status} ${date(repo.last_pipeline.created)}` : "";
    return h("span", {}, link(`${config.rootPath}/repos/${repo.id}`, repo.full_name), last);
  };
  main.append(h("h1", {}, t("repos")), repos.length ? list(repos.map(line)) : h("p", {}, t("none")));
}
