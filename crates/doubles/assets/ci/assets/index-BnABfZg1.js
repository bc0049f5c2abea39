import{h}from"./runtime-core.esm-bundler-CJOrt7RF.js";
import{link}from"./dist-Vx9T6V7t.js";
import{t}from"./vue-i18n.runtime-Pf8A0YF8.js";
import{config}from"./useConfig-CHp1bqdA.js";
import{isSignedIn,signOutAddress}from"./useAuthentication-BnTj_fLX.js";
import{applyTheme}from"./useTheme-BNzgGvnA.js";
import{icon}from"./Icon-CZy6Ok-e.js";

applyTheme();
const app = document.getElementById("app");
const header = h("header", {}, icon("woodpecker"), h("strong", {}, "Woodpecker"), ` ${config.version ?? ""} `);
if (isSignedIn) header.append(config.user.login, " ", link(signOutAddress, t("logout")));
const main = h("main");
app.replaceChildren(header, main);
const page = isSignedIn ? await import("./Repos-Dq4sT9Lf.js") : await import("./Login-B7mQx2Ka.js");
await page.show(main);
app.dataset.ready = "true";
