//! The forge's pages: as much of them as a browser's way through the sign-in needs, with the names and addresses that the real ones have.

use std::fmt::Write as _;

use super::assets;
use super::sessions::Session;
use super::settings::{Flavour, Settings};

/// A text in an HTML page.
pub(super) fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, character| {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&#34;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
        escaped
    })
}

/// The page at the root.
pub(super) fn home(settings: &Settings, session: &Session) -> String {
    match &session.user {
        Some(user) => {
            let user = escape(user);
            page(settings, session, &format!("{user} - Dashboard"), &format!("<h1>Dashboard of {user}</h1>\n"))
        }
        None => page(
            settings,
            session,
            "",
            "<h1>A forge double</h1>\n<p>It answers as the real one does, as far as recorded contracts tell.</p>\n",
        ),
    }
}

/// The sign-in form; with `failed` the one that comes back after a wrong password for this user.
pub(super) fn sign_in(settings: &Settings, session: &Session, failed: Option<&str>) -> String {
    let sub = escape(settings.sub_path());
    let (message, class) = match failed {
        Some(_) => (
            "<div class=\"ui negative message flash-message flash-error\"><p>Username or password is incorrect.</p></div>\n",
            " error",
        ),
        None => ("", ""),
    };
    let form = format!(
        r#"{message}<form class="ui form" action="{sub}/user/login" method="post">
{csrf}<div class="required field{class}">
<label for="user_name">Username or Email Address</label>
<input id="user_name" type="text" name="user_name" value="{name}" autofocus required>
</div>
<div class="required field{class}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
</div>
<div class="inline field">
<label>Remember This Device</label>
<input name="remember" type="checkbox">
</div>
<button class="ui primary button">Sign In</button>
</form>
"#,
        csrf = hidden_csrf(settings, session),
        name = escape(failed.unwrap_or_default()),
    );
    page(settings, session, "Sign In", &form)
}

/// What the consent page asks.
pub(super) struct Consent<'a> {
    pub(super) application: &'a str,
    /// Who registered the application.
    pub(super) owner: &'a str,
    pub(super) client_id: &'a str,
    pub(super) state: &'a str,
    pub(super) scope: &'a str,
    pub(super) nonce: &'a str,
    pub(super) redirect_uri: &'a str,
}

/// Whether an application may act for the user.
pub(super) fn consent(settings: &Settings, session: &Session, consent: &Consent<'_>) -> String {
    let sub = escape(settings.sub_path());
    let hidden = [
        ("client_id", consent.client_id),
        ("state", consent.state),
        ("scope", consent.scope),
        ("nonce", consent.nonce),
        ("redirect_uri", consent.redirect_uri),
    ];
    let hidden = hidden.iter().fold(hidden_csrf(settings, session), |mut fields, (name, value)| {
        let _ = writeln!(fields, "<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value));
        fields
    });
    let form = format!(
        r#"<h3>Authorize "{application}" to access your account?</h3>
<p>The application was registered by <a href="{sub}/{owner}">@{owner}</a>, and asks for the scopes: {scope}</p>
<p>You will be sent to <strong>{redirect_uri}</strong>.</p>
<form method="post" action="{sub}/login/oauth/grant">
{hidden}<button type="submit" id="authorize-app" name="granted" value="true" class="ui red inline button">Authorize Application</button>
<button type="submit" name="granted" value="false" class="ui basic primary inline button">Cancel</button>
</form>
"#,
        application = escape(consent.application),
        owner = escape(consent.owner),
        scope = escape(consent.scope),
        redirect_uri = escape(consent.redirect_uri),
    );
    page(settings, session, "Authorize Application", &form)
}

/// A client that can't be told of its error, for it isn't sure whose it is.
pub(super) fn refused(settings: &Settings, session: &Session, why: &str) -> String {
    let main = format!(
        "<h1>Authorization failed</h1>\n<h3>{}</h3>\n<p>Whoever maintains the application can help.</p>\n",
        escape(why)
    );
    page(settings, session, "Authorization failed", &main)
}

/// A signed-in user's own settings.
pub(super) fn user_settings(settings: &Settings, session: &Session, user: &str) -> String {
    let (user, sub) = (escape(user), escape(settings.sub_path()));
    let form = format!(
        r#"<h1>Profile of {user}</h1>
<form class="ui form" action="{sub}/user/settings" method="post">
{csrf}<label for="username">Username</label>
<input id="username" name="name" value="{user}" data-name="{user}" required maxlength="40">
<button class="ui primary button">Update Profile</button>
</form>
"#,
        csrf = hidden_csrf(settings, session),
    );
    page(settings, session, "Profile", &form)
}

/// A user's public page.
pub(super) fn profile(settings: &Settings, session: &Session, user: &str) -> String {
    let user = escape(user);
    page(settings, session, &user, &format!("<h1>{user}</h1>\n"))
}

/// A page of a repository, with its content as HTML.
pub(super) fn repository(settings: &Settings, session: &Session, full_name: &str, main: &str) -> String {
    let name = escape(full_name);
    let link = format!("<h1><a href=\"{}/{name}\">{name}</a></h1>\n", escape(settings.sub_path()));
    page(settings, session, &name, &format!("{link}{main}"))
}

/// The forge's own 404.
pub(super) fn not_found(settings: &Settings, session: &Session) -> String {
    page(
        settings,
        session,
        "Page Not Found",
        "<h1>404 Not Found</h1>\n<p>The page you are trying to reach does not exist.</p>\n",
    )
}

fn hidden_csrf(settings: &Settings, session: &Session) -> String {
    match settings.flavour {
        Flavour::Gitea => String::new(),
        Flavour::Forgejo => format!("<input type=\"hidden\" name=\"_csrf\" value=\"{}\">\n", escape(&session.csrf)),
    }
}

fn page(settings: &Settings, session: &Session, title: &str, main: &str) -> String {
    let sub = escape(settings.sub_path());
    let app = escape(settings.app_name());
    let title = if title.is_empty() { app.clone() } else { format!("{title} - {app}") };
    let mut head = String::new();
    for name in assets::styles(settings.flavour) {
        let _ = writeln!(head, "<link rel=\"stylesheet\" href=\"{sub}/assets/{name}{}\">", version(settings));
    }
    for name in assets::scripts(settings.flavour) {
        let _ = writeln!(head, "<script src=\"{sub}/assets/{name}{}\" defer></script>", version(settings));
    }
    format!(
        r#"<!DOCTYPE html>
<html lang="en-US">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="generator" content="edge-smoke forge double ({kind})">
<meta property="og:url" content="{root}">
<link rel="icon" href="{sub}/assets/img/favicon.svg" type="image/svg+xml">
<link rel="alternate icon" href="{sub}/assets/img/favicon.png" type="image/png">
{head}</head>
<body>
<nav id="navbar" aria-label="Navigation Bar">
<a href="{sub}/" aria-label="Home"><img width="30" height="30" src="{sub}/assets/img/logo.svg" alt="Logo"></a>
{menu}</nav>
<main>
{main}</main>
</body>
</html>
"#,
        kind = settings.flavour.as_str(),
        root = escape(settings.root_url()),
        menu = menu(settings, session),
    )
}

/// Forgejo's references carry the version, so that an upgrade gets round caches.
fn version(settings: &Settings) -> String {
    match settings.flavour {
        Flavour::Gitea => String::new(),
        Flavour::Forgejo => format!("?v={}", settings.flavour.version().replace('+', "~")),
    }
}

fn menu(settings: &Settings, session: &Session) -> String {
    let sub = escape(settings.sub_path());
    let Some(user) = &session.user else {
        return format!("<a class=\"item\" rel=\"nofollow\" href=\"{sub}/user/login\">Sign In</a>\n");
    };
    let user = escape(user);
    let sign_out = match settings.flavour {
        // Gitea 1.26 signs out by a link; Forgejo by a script that posts to the address in `data-url`.
        Flavour::Gitea => format!("<a class=\"item\" href=\"{sub}/user/logout\">Sign Out</a>"),
        Flavour::Forgejo => format!("<a class=\"item link-action\" href data-url=\"{sub}/user/logout\">Sign Out</a>"),
    };
    // Where somebody is signed in, Forgejo's bar has the form that ends a stopwatch, with a token of its own on every page.
    let stopwatch = match settings.flavour {
        Flavour::Gitea => String::new(),
        Flavour::Forgejo => format!(
            "<form class=\"stopwatch-commit\" method=\"post\" action=\"\" hidden>\n{}</form>\n",
            hidden_csrf(settings, session)
        ),
    };
    format!(
        "<div class=\"header\">Signed in as <strong>{user}</strong></div>\n<a class=\"item\" href=\"{sub}/{user}\">Profile</a>\n<a class=\"item\" href=\"{sub}/user/settings\">Settings</a>\n{sign_out}\n{stopwatch}"
    )
}
