// What web-config.js has set; without it there is no server to speak to.
export const config = {
  user: window.WOODPECKER_USER ?? null,
  csrf: window.WOODPECKER_CSRF ?? "",
  rootPath: window.WOODPECKER_ROOT_PATH ?? "",
  version: window.WOODPECKER_VERSION,
};
