//! A stack that stands is changed, and changed back.

use std::collections::BTreeMap;

use base64::Engine as _;
use bollard::Docker;
use edge_smoke::engine::http::target::Origin;
use edge_smoke::engine::http::{Address, Client, Connector, Outgoing};
use edge_smoke::stack::containers::kept;
use edge_smoke::stack::containers::owner::RUN_LABEL;
use edge_smoke::stack::{Change, Changeable, Site, Stack, StackOptions};
use scenario::model::{Mode, Service};
use serde_json::{Value, json};

use crate::helpers::{inside, labelled, needs, options, own, up};
use crate::journeys::all_pass;

/// Calls the forge's API as the stack's user, by the site's own address.
async fn api(site: &Site, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let url = format!("{}/api/v1{path}", site.services[&Service::Forge]);
    let credentials = format!("{}:{}", site.variables["user"], site.secrets["password"].expose());
    let credentials = base64::engine::general_purpose::STANDARD.encode(credentials);
    let request = Outgoing {
        method: method.to_owned(),
        address: Address::parse(&url, &Origin::parse(&site.base_url).unwrap()).unwrap(),
        headers: vec![
            ("Authorization".to_owned(), format!("Basic {credentials}").into_bytes()),
            ("Content-Type".to_owned(), b"application/json".to_vec()),
        ],
        body: body.map(|body| body.to_string()).unwrap_or_default().into(),
    };
    let connector = Connector::new(site.resolve.clone(), site.ca_pem.as_deref()).unwrap();
    let answer = Client::new(connector).send(&request).await.unwrap();
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
}

/// The redirect URIs of the user's applications, by name.
async fn redirect_uris(site: &Site) -> BTreeMap<String, Value> {
    let (status, list) = api(site, "GET", "/user/applications/oauth2", None).await;
    assert_eq!(status, 200, "{list}");
    let list = list.as_array().unwrap().iter();
    list.map(|item| (item["name"].as_str().unwrap().to_owned(), item["redirect_uris"].clone())).collect()
}

async fn register(site: &Site, name: &str, uri: &str) {
    let wanted = json!({ "name": name, "redirect_uris": [uri], "confidential_client": true });
    let (status, made) = api(site, "POST", "/user/applications/oauth2", Some(wanted)).await;
    assert_eq!(status, 201, "{made}");
}

async fn switched_and_switched_back(docker: Docker, tls: bool) {
    let mut stack = up(&needs(&[Service::Forge, Service::Staging]), &StackOptions { tls, ..options() }).await.unwrap();
    let before = stack.site().clone();
    let ci = format!("{}/ci/authorize", before.base_url);
    register(&before, "ci", &ci).await;
    register(&before, "other", "https://other.test/callback").await;
    let untouched = redirect_uris(&before).await;
    for mode in [Mode::Subdomain, Mode::Subpath] {
        let changed = stack.switch(mode).await.unwrap();
        assert_eq!(changed.restarted, [Service::Edge, Service::Forge]);
        let site = stack.site();
        assert_eq!((site.mode, &site.base_url), (mode, &before.base_url));
        all_pass(&stack).await;
        let expected = match mode {
            Mode::Subpath => ci.clone(),
            Mode::Subdomain => format!("{}/authorize", before.base_url.replace("edge.test", "ci.edge.test")),
        };
        let [application] = &changed.applications[..] else { panic!("{:?}", changed.applications) };
        assert_eq!((application.name.as_str(), &application.redirect_uris), ("ci", &vec![expected.clone()]));
        assert!(!application.client_secret.expose().is_empty());
        let now = redirect_uris(site).await;
        assert_eq!((&now["ci"], &now["other"]), (&json!([expected]), &untouched["other"]));
        // What was on the volume still is.
        assert_eq!(api(site, "GET", "/repos/smoke/demo", None).await.0, 200);
    }
    assert_eq!(stack.site().services, before.services);
    assert!(stack.troubles().await.is_empty());
    stack.down().await.unwrap();
    assert_eq!(own(&docker).await, Vec::<String>::new());
}

pub(crate) async fn a_stack_is_switched_and_switched_back(docker: Docker) {
    switched_and_switched_back(docker, false).await;
}

pub(crate) async fn over_https_too(docker: Docker) {
    switched_and_switched_back(docker, true).await;
}

pub(crate) async fn a_change_that_fails_its_check_leaves_the_stack_as_it_was(docker: Docker) {
    let mut stack = up(&needs(&[Service::Forge, Service::Staging]), &options()).await.unwrap();
    let before = stack.site().clone();
    let ci = format!("{}/ci/authorize", before.base_url);
    register(&before, "ci", &ci).await;
    let stale = format!("{}/forge/", before.base_url);
    for (root_url, message) in [
        // The check from outside fails, after the applications were changed.
        (stale.as_str(), "for its address, and browsers reach it at http://forge."),
        // It doesn't even come up.
        ("http://[", "ended with exit code"),
    ] {
        let wrong = BTreeMap::from([("GITEA__server__ROOT_URL".to_owned(), Some(root_url.to_owned()))]);
        let change =
            Change { mode: Mode::Subdomain, environment: BTreeMap::from([(Service::Forge, wrong)]), ..stack.current() };
        let error = stack.change(&change).await.unwrap_err();
        assert_eq!(error.not_put_back, None, "{error:?}");
        assert_eq!(error.trouble.service.as_deref(), Some("forge"));
        assert!(error.trouble.message.contains(message), "{error:?}");
        assert_eq!((&stack.site().services, stack.site().mode), (&before.services, Mode::Subpath));
        all_pass(&stack).await;
        assert_eq!(redirect_uris(stack.site()).await["ci"], json!([ci]));
    }
    let caddyfile = inside(&docker, stack.run_id(), "edge", "cat /etc/caddy/Caddyfile").await;
    assert!(caddyfile.contains("mode subpath"), "{caddyfile}");
    stack.down().await.unwrap();
    assert_eq!(own(&docker).await, Vec::<String>::new());
}

/// A sign-in, which is among the journeys, only comes about with the right secret at the right address.
pub(crate) async fn the_ci_is_switched_along_and_put_back_with_the_secret_of_the_day(docker: Docker) {
    let wanted = needs(&[Service::Forge, Service::Ci, Service::Staging]);
    let mut stack = up(&wanted, &options()).await.unwrap();
    all_pass(&stack).await;
    for mode in [Mode::Subdomain, Mode::Subpath] {
        let changed = stack.switch(mode).await.unwrap();
        assert_eq!(changed.restarted, [Service::Ci, Service::Edge, Service::Forge]);
        assert_eq!(changed.applications.len(), 1);
        all_pass(&stack).await;
    }
    // The check from outside fails after the forge has made another secret; the way back makes yet another.
    let stale = BTreeMap::from([("WOODPECKER_HOST".to_owned(), Some("${edge}".to_owned()))]);
    let environment = BTreeMap::from([(Service::Ci, stale)]);
    let error =
        stack.change(&Change { mode: Mode::Subdomain, environment, routes: BTreeMap::new() }).await.unwrap_err();
    assert_eq!((error.trouble.service.as_deref(), &error.not_put_back), (Some("ci"), &None), "{error:?}");
    assert!(error.trouble.help.as_deref().is_some_and(|help| help.contains("WOODPECKER_HOST")), "{error:?}");
    all_pass(&stack).await;
    assert!(stack.troubles().await.is_empty());
    stack.down().await.unwrap();
    assert_eq!(own(&docker).await, Vec::<String>::new());
}

/// Its sign-in is among the journeys, and so is its gate, whose secret edge and chat have to agree on.
pub(crate) async fn the_chat_is_switched_along_also_when_it_was_kept(docker: Docker) {
    let wanted = needs(&[Service::Forge, Service::Chat, Service::Staging]);
    let mut stack = up(&wanted, &StackOptions { keep: true, ..options() }).await.unwrap();
    let (base_url, run) = (stack.site().base_url.clone(), stack.run_id().to_owned());
    let secret = stack.site().secrets["gate_secret"].clone();
    all_pass(&stack).await;
    let changed = stack.switch(Mode::Subdomain).await.unwrap();
    assert_eq!(changed.restarted, [Service::Chat, Service::Edge, Service::Forge]);
    let callback = format!("{}/oauth/callback", stack.site().services[&Service::Chat]);
    let [application] = &changed.applications[..] else { panic!("{:?}", changed.applications) };
    assert_eq!((application.name.as_str(), &application.redirect_uris), ("chat", &vec![callback]));
    all_pass(&stack).await;
    // The check from outside fails after the forge has made another secret; the way back makes yet another.
    let stale = BTreeMap::from([("EDGE_TUNNEL_FQDN".to_owned(), Some("elsewhere.test".to_owned()))]);
    let environment = BTreeMap::from([(Service::Chat, stale)]);
    let error = stack.change(&Change { mode: Mode::Subpath, environment, routes: BTreeMap::new() }).await.unwrap_err();
    assert_eq!((error.trouble.service.as_deref(), &error.not_put_back), (Some("chat"), &None), "{error:?}");
    all_pass(&stack).await;
    drop(stack);

    let kept = kept(&base_url).await.unwrap().expect("a kept stack");
    let options = kept.options();
    let mut stack = kept.stack(options).unwrap();
    assert_eq!(stack.site().secrets["gate_secret"], secret);
    stack.switch(Mode::Subpath).await.unwrap();
    all_pass(&stack).await;
    assert!(stack.troubles().await.is_empty());
    let tree = inside(&docker, &run, "chat", "cat README.md; ls -d src; echo written > src/new && cat src/new").await;
    assert!(tree.starts_with("# demo\n") && tree.ends_with("src\nwritten\n"), "{tree}");
    let caddyfile = inside(&docker, &run, "edge", "cat /etc/caddy/Caddyfile").await;
    assert!(caddyfile.contains("forward_auth") && !caddyfile.contains(secret.expose()), "{caddyfile}");
    stack.remove().await.unwrap();
    assert_eq!(labelled(&docker, &format!("{RUN_LABEL}={run}")).await, Vec::<String>::new());
}
