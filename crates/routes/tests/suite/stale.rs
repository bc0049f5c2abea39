//! What is stale is named.

use crate::common::{deployment, public, variables};
use routes::deployment::Deployment;
use routes::stale::{self, Stale};
use routes::{caddyfile, environment, nomad, settings, variables as env};

fn settings_of(stale: &[Stale]) -> Vec<&str> {
    stale.iter().map(|stale| stale.setting.as_str()).collect()
}

fn applications(deployment: &Deployment) -> String {
    let uris = settings::for_site(&deployment.site).oauth_redirect_uris;
    let list: Vec<_> = uris.iter().map(|(service, uris)| serde_json::json!({ "id": 1, "name": format!("{service} of ours"), "redirect_uris": uris })).collect();
    serde_json::Value::from(list).to_string()
}

#[test]
fn what_was_just_rendered_is_not_stale() {
    for mode in ["subpath", "subdomain"] {
        let deployment = public(mode);
        let compose = env::parse(&environment::compose(&deployment).unwrap()).unwrap();
        assert_eq!(stale::compose("compose.env", &compose, &deployment), []);
        assert_eq!(
            stale::caddyfile("Caddyfile", &caddyfile::render(&deployment.site).unwrap(), &deployment).unwrap(),
            []
        );
        assert_eq!(stale::nomad("jobs", &nomad::render_all(&deployment).unwrap(), &deployment).unwrap(), []);
        assert_eq!(
            stale::nomad("job", &nomad::render(&deployment, nomad::Job::Chat).unwrap(), &deployment).unwrap(),
            []
        );
        assert_eq!(stale::oauth("oauth", &applications(&deployment), &deployment).unwrap(), []);
    }
}

/// The weak point of the system before this one: after the switch every file kept its old values, and nothing said so.
#[test]
fn everything_rendered_for_the_other_mode_is_named() {
    let (before, after) = (public("subpath"), public("subdomain"));
    let compose = env::parse(&environment::compose(&before).unwrap()).unwrap();
    let mut found = stale::compose("compose.env", &compose, &after);
    found.extend(stale::caddyfile("Caddyfile", &caddyfile::render(&before.site).unwrap(), &after).unwrap());
    found.extend(stale::nomad("edge.json", &nomad::render(&before, nomad::Job::Edge).unwrap(), &after).unwrap());
    found.extend(stale::nomad("chat.json", &nomad::render(&before, nomad::Job::Chat).unwrap(), &after).unwrap());
    found.extend(stale::oauth("applications.json", &applications(&before), &after).unwrap());
    let text: Vec<String> = found.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(text.join("\n"));
}

/// An `.env` of the old kind, which holds what follows from the mode beside the mode.
#[test]
fn an_env_that_contradicts_itself_is_named() {
    let given = variables(&[
        ("EDGE_ROUTING_MODE", "subdomain"),
        ("EDGE_TUNNEL_FQDN", "Project.example.com"),
        ("FORGEJO__server__ROOT_URL", "https://project.example.com/forge/"),
        ("WOODPECKER_HOST", "https://project.example.com/ci"),
        ("CHAT_PUBLIC_URL", "https://chat.project.example.com"),
        ("SOMETHING_ELSE", "x"),
    ]);
    let deployment = routes::deployment::read(&given).unwrap();
    let found = stale::environment(".env", &given, &deployment);
    assert_eq!(settings_of(&found), ["WOODPECKER_HOST", "FORGEJO__server__ROOT_URL"]);
    assert_eq!(
        found[0].to_string(),
        ".env: WOODPECKER_HOST: it is `https://project.example.com/ci`, and the mode subdomain asks for `https://ci.project.example.com`"
    );
}

#[test]
fn a_caddyfile_names_the_setting_that_it_disagrees_about() {
    let text = caddyfile::render(&public("subpath").site).unwrap();
    let public = ("EDGE_TUNNEL_FQDN", "project.example.com");
    for (change, setting) in [
        (vec![("EDGE_TUNNEL_FQDN", "other.example.com")], "EDGE_TUNNEL_FQDN"),
        (vec![public, ("EDGE_PORT", "81")], "EDGE_PORT"),
        (vec![public, ("EDGE_UPSTREAM_CI", "ci:8001")], "EDGE_UPSTREAM_CI"),
        (vec![public, ("FORWARD_AUTH_SECRET", "fedcba")], "FORWARD_AUTH_SECRET"),
        (vec![public, ("EDGE_ROUTING_MODE", "subdomain")], "EDGE_ROUTING_MODE"),
    ] {
        let found = stale::caddyfile("Caddyfile", &text, &deployment(&change)).unwrap();
        assert_eq!(settings_of(&found), [setting]);
        assert!(!found[0].message.contains("0123456789abcdef") && !found[0].message.contains("fedcba"), "{}", found[0]);
    }
    let less =
        stale::caddyfile("Caddyfile", &text, &deployment(&[public, ("EDGE_SERVICES", "forge,ci,staging")])).unwrap();
    assert_eq!(settings_of(&less), ["EDGE_SERVICES", "EDGE_UPSTREAM_CHAT", "FORWARD_AUTH_SECRET"]);
}

#[test]
fn a_change_by_hand_is_located_and_shows_no_secret() {
    let ours = public("subpath");
    let text = caddyfile::render(&ours.site).unwrap();
    let changed = text.replace("\tadmin off\n", "\tadmin :2019\n");
    let found = stale::caddyfile("Caddyfile", &changed, &ours).unwrap();
    assert_eq!(found[0].to_string(), "Caddyfile: line 3: expected `admin off`, found `admin :2019`; render it anew");
    for changed in [text.replace("header_up X-Forward-Auth-Secret", "header_up  X-Forward-Auth-Secret"), String::new()]
    {
        let found = stale::caddyfile("Caddyfile", &changed, &ours).unwrap();
        assert!(
            !found.is_empty() && found.iter().all(|stale| !stale.message.contains("0123456789abcdef")),
            "{found:?}"
        );
    }
}

#[test]
fn an_application_with_both_addresses_is_right_in_both_modes() {
    let (one, other) = (public("subpath"), public("subdomain"));
    let uris =
        |service: &str| [&one, &other].map(|of| settings::for_site(&of.site).oauth_redirect_uris[service][0].clone());
    let list = serde_json::json!([{ "name": "ci", "redirect_uris": uris("ci") }, { "name": "chat", "redirect_uris": uris("chat") }]).to_string();
    for deployment in [&one, &other] {
        assert_eq!(stale::oauth("oauth", &list, deployment).unwrap(), []);
    }
}

#[test]
fn what_is_no_list_of_applications_is_refused() {
    for text in ["", "{}", "[1]", "[{\"name\": \"ci\"}]", "[{\"redirect_uris\": \"x\"}]"] {
        assert_eq!(stale::oauth("a.json", text, &public("subpath")).unwrap_err().problems[0].setting, "a.json");
    }
    assert_eq!(stale::oauth("a.json", "[]", &public("subpath")).unwrap().len(), 2);
}

#[test]
fn a_job_that_is_none_or_another() {
    let ours = public("subpath");
    for (text, setting) in [("x", "JSON"), ("{}", "edge"), ("{\"Job\":{\"ID\":\"other\"}}", "other")] {
        assert_eq!(stale::nomad("job", text, &ours).unwrap()[0].setting, setting);
    }
    let text = nomad::render(&ours, nomad::Job::Edge).unwrap().replace("\"caddy:2\"", "\"caddy:1\"");
    let found = stale::nomad("job", &text, &ours).unwrap();
    assert_eq!(settings_of(&found), ["/edge/Job/TaskGroups/0/Tasks/0/Config/image"]);
}
