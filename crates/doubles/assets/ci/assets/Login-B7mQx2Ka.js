import{h}from"./runtime-core.esm-bundler-CJOrt7RF.js";
import{link}from"./dist-Vx9T6V7t.js";
import{t}from"./vue-i18n.runtime-Pf8A0YF8.js";
import{signInAddress}from"./useAuthentication-BnTj_fLX.js";

export function show(main) {
  const error = new URLSearchParams(location.search).get("error");
  if (error) main.append(h("p", { class: "error", role: "alert" }, error));
  main.append(link(signInAddress, t("login")));
}
