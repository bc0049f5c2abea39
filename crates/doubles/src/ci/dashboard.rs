//! The dashboard: its index, what its pages know of the server, its scripts, styles and pictures.
//!
//! The index refers to the same names as that of Woodpecker 3.17, and the files that stand there are small ones of our own, which refer to each
//! other as a bundle's do: static and dynamic imports, preloads, addresses in a style. As in a bundle made for any root path, the files say
//! `/BASE_PATH` where the root path belongs.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use serve::{Body, full};

use super::answer;
use super::model::{User, VERSION};
use super::settings::Settings;

/// What stands for the root path in files.
const BASE_PATH: &str = "/BASE_PATH";

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../assets/ci/", $name)))),*]
    };
}

const INDEX: &str = include_str!("../../assets/ci/index.html");
const SWAGGER: &str = include_str!("../../assets/ci/swagger.html");

const FILES: &[(&str, &[u8])] = files![
    "assets/Icon-CZy6Ok-e.js",
    "assets/Login-B7mQx2Ka.js",
    "assets/Repos-Dq4sT9Lf.js",
    "assets/Repos-C1vYb8Ne.css",
    "assets/dist-Vx9T6V7t.js",
    "assets/index-BnABfZg1.js",
    "assets/index-CrJLyjpu.css",
    "assets/index.es-CwW4GvmY.js",
    "assets/pattern-Bk3WzR5u.svg",
    "assets/runtime-core.esm-bundler-CJOrt7RF.js",
    "assets/useApi-CROJJdhE-Bm-RRphX.js",
    "assets/useAuthentication-BnTj_fLX.js",
    "assets/useConfig-CHp1bqdA.js",
    "assets/useDate-WPP5XqZ6.js",
    "assets/useTheme-BNzgGvnA.js",
    "assets/vue-i18n.runtime-Pf8A0YF8.js",
    "favicons/favicon-light-default.png",
    "favicons/favicon-light-default.svg",
];

/// The index. One icon's address lacks the root path, as Woodpecker's own does.
pub(super) fn index(settings: &Settings) -> Response<Body> {
    let page = INDEX.replace(BASE_PATH, &settings.root_path);
    let mut answer = answer::content(StatusCode::OK, "text/html; charset=UTF-8", page);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}

/// A file under `assets/` or `favicons/`, its name percent-decoded; whether a query came with it.
pub(super) fn file(settings: &Settings, name: &str, has_query: bool) -> Response<Body> {
    // An administrator's own; empty where there is none, rather than missing. Woodpecker compares with the query.
    if !has_query && name.ends_with("assets/custom.css") {
        return answer::content(StatusCode::OK, "text/css; charset=utf-8", "");
    }
    if !has_query && name.ends_with("assets/custom.js") {
        return answer::content(StatusCode::OK, "text/javascript; charset=utf-8", "");
    }
    // No name of a file: Woodpecker takes that for an error of its own.
    if name.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return answer::bare(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let Some((_, bytes)) = FILES.iter().find(|(known, _)| *known == name) else {
        return answer::content(StatusCode::NOT_FOUND, "text/plain", "404 page not found");
    };
    let content = match std::str::from_utf8(bytes) {
        Ok(text) => text.replace(BASE_PATH, &settings.root_path).into_bytes(),
        Err(_) => bytes.to_vec(),
    };
    let kind = match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        _ => "",
    };
    let mut answer = Response::new(full(content));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000"));
    answer
}

/// What the dashboard's pages know: a script that sets names of the window.
pub(super) fn web_config(settings: &Settings, user: Option<(&User, &str)>) -> Response<Body> {
    let (who, csrf) = match user {
        Some((user, csrf)) => (in_script(&user.to_json().to_string()), csrf),
        None => ("null".to_owned(), ""),
    };
    let paths: Vec<String> = settings
        .pipeline_configs
        .iter()
        .map(|path| if path.ends_with('/') { format!("{path}*.{{yaml,yml}}") } else { path.clone() })
        .collect();
    let paths = in_script(&serde_json::Value::from(paths).to_string());
    let script = format!(
        "\nwindow.WOODPECKER_USER = {who};\n\
         window.WOODPECKER_CSRF = \"{csrf}\";\n\
         window.WOODPECKER_VERSION = \"{VERSION}\";\n\
         window.WOODPECKER_ROOT_PATH = \"{}\";\n\
         window.WOODPECKER_ENABLE_SWAGGER = true;\n\
         window.WOODPECKER_SKIP_VERSION_CHECK = false\n\
         window.WOODPECKER_USER_REGISTERED_AGENTS = true\n\
         window.WOODPECKER_MAX_PIPELINE_LOG_LINE_COUNT = 5000\n\
         window.WOODPECKER_DEFAULT_CONFIG_PATHS = {paths}\n",
        settings.root_path,
    );
    answer::content(StatusCode::OK, "text/javascript; charset=utf-8", script)
}

/// JSON as it stands in a script, as Go writes it: nothing in it ends a script or a line.
fn in_script(json: &str) -> String {
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// The API's description: a page that says where the real one is.
pub(super) fn swagger(name: &str) -> Response<Body> {
    match name {
        "index.html" => answer::content(StatusCode::OK, "text/html; charset=utf-8", SWAGGER),
        _ => answer::text(StatusCode::NOT_FOUND, "Not Found"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_what_its_name_says_and_refers_to_files_that_are_there() {
        let known = |reference: &str| {
            let name = reference.trim_start_matches('/');
            FILES.iter().any(|(file, _)| *file == name)
                || ["web-config.js", "assets/custom.css", "assets/custom.js"].contains(&name)
        };
        for (name, bytes) in FILES {
            assert!(!bytes.is_empty(), "{name}");
            let Ok(text) = std::str::from_utf8(bytes) else {
                assert!(name.ends_with(".png") && bytes.starts_with(b"\x89PNG"), "{name}");
                continue;
            };
            assert!(!text.trim_start().starts_with("<!doctype"), "{name}");
            for import in text.split("\"./").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(known(&format!("assets/{import}")), "{name} imports {import}");
            }
            for address in text.split(BASE_PATH).skip(1).filter(|rest| rest.starts_with("/assets")) {
                let end = address.find(['"', ')', '\'']).unwrap();
                assert!(known(&address[..end]), "{name} refers to {}", &address[..end]);
            }
        }
        for address in INDEX.split(BASE_PATH).skip(1) {
            let address = address.split('"').next().unwrap();
            assert!(known(address), "the index refers to {address}");
        }
        assert_eq!(INDEX.matches(BASE_PATH).count(), 16);
    }

    #[test]
    fn nobody_ends_the_script() {
        let text = in_script(r#"{"login":"</script>&"}"#);
        assert_eq!(text, r#"{"login":"\u003c/script\u003e\u0026"}"#);
    }
}
