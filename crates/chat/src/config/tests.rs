use super::*;

/// Settings that can be used, as a stack under subpaths has them.
fn values(changes: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut values: BTreeMap<String, String> = [
        ("EDGE_TUNNEL_FQDN", "project.example.org"),
        ("FORGE_URL", "http://forgejo:3000"),
        ("FORGE_PUBLIC_URL", "https://project.example.org/forge"),
        ("CHAT_OAUTH_CLIENT_ID", "id"),
        ("CHAT_OAUTH_CLIENT_SECRET", "the-client-secret"),
        ("FORWARD_AUTH_SECRET", "the-forward-auth-secret"),
        ("DISINTO_CHAT_ALLOWED_USERS", "Smoke, other,"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for (name, value) in changes {
        values.insert((*name).to_owned(), (*value).to_owned());
    }
    values
}

fn read(changes: &[(&str, &str)]) -> Config {
    Config::read(&values(changes)).unwrap_or_else(|error| panic!("{changes:?}: {error}"))
}

fn problems(changes: &[(&str, &str)]) -> String {
    Config::read(&values(changes)).expect_err("a setting is wrong").to_string()
}

#[test]
fn what_a_deployment_says() {
    let config = read(&[]);
    assert_eq!(config.listen.to_string(), "0.0.0.0:8080");
    assert_eq!(config.public.url("/login"), "https://project.example.org/chat/login");
    assert_eq!(
        (config.public.prefix(), config.cookie_path.as_str(), config.public.is_https()),
        ("/chat", "/chat", true)
    );
    assert!(config.allows("smoke") && config.allows("OTHER") && !config.allows("") && !config.allows("stranger"));
    assert_eq!(config.state_dir, PathBuf::from("/var/lib/chat/state"));
    // A turn whose client is gone runs on, and is kept, for that long.
    assert_eq!(config.bounds.keep, Duration::from_secs(30));
    assert_eq!(read(&[("CHAT_HISTORY_DIR", "/data/h")]).state_dir, PathBuf::from("/data/state"));
    let config =
        read(&[("CHAT_HOST", "::1"), ("CHAT_PORT", "9000"), ("CHAT_GATE_REDIRECT", "true"), ("CHAT_LOG", "warn")]);
    assert_eq!(
        (config.listen.to_string().as_str(), config.gate_redirect, config.log_level),
        ("[::1]:9000", true, LogLevel::Warn)
    );
}

#[test]
fn where_browsers_find_it() {
    let subdomain = ("EDGE_ROUTING_MODE", "subdomain");
    for (changes, url, path) in [
        (
            vec![("FORGE_PUBLIC_URL", "http://e.test:81/forge"), ("EDGE_TUNNEL_FQDN", "e.test:81")],
            "http://e.test:81/chat/",
            "/chat",
        ),
        (vec![("FORGE_PUBLIC_URL", "")], "https://project.example.org/chat/", "/chat"),
        (vec![subdomain, ("EDGE_TUNNEL_FQDN_CHAT", "chat.example.org")], "https://chat.example.org/", "/"),
        (vec![subdomain, ("CHAT_PUBLIC_URL", "http://chat.test:82/")], "http://chat.test:82/", "/"),
        (
            vec![("EDGE_TUNNEL_FQDN", ""), ("CHAT_PUBLIC_URL", "https://x.test:443/chat/")],
            "https://x.test/chat/",
            "/chat",
        ),
        (vec![("CHAT_COOKIE_PATH", "/")], "https://project.example.org/chat/", "/"),
    ] {
        let config = read(&changes);
        assert_eq!((config.public.url("/").as_str(), config.cookie_path.as_str()), (url, path), "{changes:?}");
    }
}

#[test]
fn everything_wrong_is_named_at_once() {
    insta::assert_snapshot!(Config::read(&BTreeMap::new()).unwrap_err(), @r"
    EDGE_TUNNEL_FQDN: it is missing: the host at which browsers find the chat (or give CHAT_PUBLIC_URL), in subpath mode
    FORGE_URL: it is missing: the forge's address for this service, such as http://forgejo:3000
    CHAT_OAUTH_CLIENT_ID: it is missing: the id that the forge gave to the chat's OAuth application
    CHAT_OAUTH_CLIENT_SECRET: it is missing: the secret that the forge gave together with the id
    FORWARD_AUTH_SECRET: it is missing: the secret that the edge sends with each question to the gate
    DISINTO_CHAT_ALLOWED_USERS: it is missing: the forge's names of those who may use the chat, with commas between
    ");
    insta::assert_snapshot!(problems(&[
        ("CHAT_PORT", "99999"),
        ("CHAT_HOST", "localhost"),
        ("EDGE_ROUTING_MODE", "subpaths"),
        ("EDGE_TUNNEL_FQDN", "https://project.example.org"),
        ("FORGE_URL", "ftp://forge"),
        ("FORGE_PUBLIC_URL", "https://name:password@forge/"),
        ("FORWARD_AUTH_SECRET", "short"),
        ("DISINTO_CHAT_ALLOWED_USERS", "smoke,../x,a b"),
        ("CHAT_GATE_REDIRECT", "yes"),
        ("CHAT_SESSION_SECONDS", "0"),
        ("CHAT_COOKIE_PATH", "/chat/x"),
        ("CHAT_HISTORY_DIR", "history"),
        ("CHAT_MAX_REQUESTS_PER_HOUR", "-1"),
        ("CHAT_LOG", "trace"),
    ]), @r"
    CHAT_HOST: expected an IP address to listen at, found `localhost`
    CHAT_PORT: expected a port to listen at, found `99999`
    EDGE_ROUTING_MODE: expected `subpath` or `subdomain`, found `subpaths`
    EDGE_TUNNEL_FQDN: expected a host, with a port where it isn't the scheme's own, found `https://project.example.org`
    FORGE_URL: expected an http or https URL without a query, a fragment and a password
    FORGE_PUBLIC_URL: expected an http or https URL without a query, a fragment and a password
    FORWARD_AUTH_SECRET: expected at least 16 bytes, found 5
    CHAT_GATE_REDIRECT: expected `true` or `false`, found `yes`
    DISINTO_CHAT_ALLOWED_USERS: `../x` can't be a forge's user name
    DISINTO_CHAT_ALLOWED_USERS: `a b` can't be a forge's user name
    CHAT_SESSION_SECONDS: expected a number from 1 to 34560000, found 0
    CHAT_HISTORY_DIR: expected an absolute path, found `history`
    CHAT_LOG: expected `error`, `warn`, `info` or `debug`, found `trace`
    CHAT_MAX_REQUESTS_PER_HOUR: expected a number from 0 to 100000, found `-1`
    ");
}

#[test]
fn settings_of_two_configurations_do_not_mix() {
    insta::assert_snapshot!(problems(&[("CHAT_PUBLIC_URL", "https://chat.example.org/")]), @r"
    CHAT_PUBLIC_URL: in subpath mode its path is `/chat`, found ``; EDGE_ROUTING_MODE and it must agree
    CHAT_PUBLIC_URL: its host is chat.example.org, and EDGE_TUNNEL_FQDN says project.example.org; they must agree
    ");
    insta::assert_snapshot!(problems(&[("EDGE_ROUTING_MODE", "subdomain")]), @"EDGE_TUNNEL_FQDN_CHAT: it is missing: the host at which browsers find the chat (or give CHAT_PUBLIC_URL), in subdomain mode");
    insta::assert_snapshot!(problems(&[("CHAT_HISTORY_DIR", "/data"), ("CHAT_STATE_DIR", "/data")]), @"CHAT_STATE_DIR: it is CHAT_HISTORY_DIR; give it a folder of its own");
}

/// A secret that everybody knows is none.
#[test]
fn placeholders_are_no_secrets() {
    for value in ["<no value>", "${FORWARD_AUTH_SECRET}", "has a space in it, and more"] {
        let words = problems(&[("FORWARD_AUTH_SECRET", value)]);
        assert!(words.starts_with("FORWARD_AUTH_SECRET: "), "{words}");
    }
}

#[test]
fn no_secret_is_shown() {
    let shown = format!("{:?}", read(&[]));
    let words = problems(&[("FORWARD_AUTH_SECRET", "bad secret"), ("FORGE_URL", "https://u:hunter2@x")]);
    for secret in ["the-client-secret", "the-forward-auth-secret", "bad secret", "hunter2"] {
        assert!(!shown.contains(secret) && !words.contains(secret), "{secret}");
    }
}
