import{h}from"./runtime-core.esm-bundler-CJOrt7RF.js";
export const link = (href, words) => h("a", { href }, words);
export const list = (items) => h("ul", {}, ...items.map((item) => h("li", {}, item)));
