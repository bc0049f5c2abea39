//! Scripts, styles and pictures: small ones of our own, under the names that the forge's pages refer to.

use http::{Response, StatusCode};
use serve::Body;

use super::answer;
use super::settings::Flavour;

const STYLE: &str =
    "body{font-family:sans-serif;margin:2rem}nav{border-bottom:1px solid #888}.flash-error{color:#a00}\n";
const SCRIPT: &str = "document.documentElement.dataset.ready='true';\n";
const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\"><path fill=\"#609926\" d=\"M2 2h5v12H2zm7 0h5v12H9z\"/></svg>\n";
const ICON: &[u8] = include_bytes!("../../assets/favicon.png");

/// The styles that every page refers to.
pub(super) fn styles(flavour: Flavour) -> [&'static str; 2] {
    match flavour {
        Flavour::Gitea => ["css/index.css", "css/theme-gitea-auto.css"],
        Flavour::Forgejo => ["css/index.css", "css/theme-forgejo-auto.css"],
    }
}

/// The scripts that every page refers to.
pub(super) fn scripts(flavour: Flavour) -> [&'static str; 2] {
    match flavour {
        Flavour::Gitea => ["js/iife.js", "js/index.js"],
        Flavour::Forgejo => ["js/webcomponents.js", "js/index.js"],
    }
}

/// What is at `/assets/NAME`. An unknown name is a 404 without content.
pub(super) fn answer(flavour: Flavour, name: &str) -> Response<Body> {
    let kind = crate::site::content_type(name);
    if styles(flavour).contains(&name) {
        return answer::content(StatusCode::OK, kind, STYLE);
    }
    if scripts(flavour).contains(&name) {
        return answer::content(StatusCode::OK, kind, SCRIPT);
    }
    match name {
        "img/logo.svg" | "img/favicon.svg" => answer::content(StatusCode::OK, kind, LOGO),
        "img/logo.png" | "img/favicon.png" | "img/avatar_default.png" => answer::content(StatusCode::OK, kind, ICON),
        _ => answer::bare(StatusCode::NOT_FOUND),
    }
}

/// What is at `/avatars/HASH`: the same small picture for everybody.
pub(super) fn avatar(hash: &str) -> Response<Body> {
    if hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        answer::content(StatusCode::OK, "image/png", ICON)
    } else {
        answer::bare(StatusCode::NOT_FOUND)
    }
}
