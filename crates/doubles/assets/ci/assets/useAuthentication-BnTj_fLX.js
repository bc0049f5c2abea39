import{config}from"./useConfig-CHp1bqdA.js";
export const isSignedIn = config.user !== null;
export const signInAddress = `${config.rootPath}/authorize`;
export const signOutAddress = `${config.rootPath}/logout`;
