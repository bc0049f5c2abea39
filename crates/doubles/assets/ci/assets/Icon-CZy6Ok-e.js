import{h}from"./runtime-core.esm-bundler-CJOrt7RF.js";
export const icon = (name) => h("i", { class: `icon icon-${name}`, "aria-hidden": "true" });
