const dark = window.matchMedia?.("(prefers-color-scheme: dark)").matches ?? false;
export const applyTheme = () => (document.documentElement.dataset.theme = dark ? "dark" : "light");
