//! The stack as a client meets it.

mod ci;
mod faults;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use scenario::Source;
use scraper::{Html, Selector};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::*;
use crate::engine::events::Nobody;
use crate::engine::plan::Plan;
use crate::engine::runner::Pace;
use crate::stack::{Change, Changeable};
use crate::walk::Walk;

fn options(mode: Mode, settings: &[(Service, &str, Option<&str>)]) -> StackOptions {
    let mut environment: BTreeMap<Service, BTreeMap<String, Option<String>>> = BTreeMap::new();
    for (service, name, value) in settings {
        environment.entry(*service).or_default().insert((*name).to_owned(), value.map(ToOwned::to_owned));
    }
    StackOptions { environment, ..StackOptions::new(mode) }
}

/// Sends one request to where the site's `resolve` says, and reads the answer.
async fn send(site: &Site, method: &str, url: &str, cookies: &str, form: &str) -> Response<String> {
    let url = Url::parse(url).unwrap();
    let host = url.host_str().unwrap();
    let (_, address) =
        site.resolve.iter().find(|(name, _)| host == name || host.ends_with(&format!(".{name}"))).unwrap();
    let stream = TcpStream::connect((*address, url.port().unwrap())).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(&url[url::Position::BeforePath..url::Position::AfterQuery])
        .header("host", format!("{host}:{}", url.port().unwrap()))
        .header("cookie", cookies)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::from(form.to_owned())))
        .unwrap();
    let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
    let text = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
    Response::from_parts(parts, text)
}

async fn get(site: &Site, url: &str) -> Response<String> {
    send(site, "GET", url, "", "").await
}

fn field<'a>(answer: &'a Response<String>, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// `name=value` of the cookies that an answer sets, the last of each name.
fn cookies(answer: &Response<String>) -> BTreeMap<String, String> {
    answer
        .headers()
        .get_all("set-cookie")
        .iter()
        .filter_map(|value| value.to_str().ok()?.split(';').next()?.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn joined(cookies: &BTreeMap<String, String>) -> String {
    cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

fn attributes(page: &str, selector: &str, attribute: &str) -> Vec<String> {
    let selector = Selector::parse(selector).unwrap();
    Html::parse_document(page)
        .select(&selector)
        .filter_map(|element| element.attr(attribute))
        .map(ToOwned::to_owned)
        .collect()
}

#[tokio::test]
async fn a_user_signs_in_in_both_modes() {
    for mode in [Mode::Subpath, Mode::Subdomain] {
        let stack = Embedded::start(&options(mode, &[])).await.unwrap();
        let site = stack.site();
        let forge = &site.services[&Service::Forge];
        let page = get(site, &format!("{forge}/user/login")).await;
        assert_eq!((page.status().as_u16(), field(&page, "content-type")), (200, "text/html; charset=utf-8"));
        let mut jar = cookies(&page);
        let action = attributes(page.body(), "form", "action").remove(0);
        assert!(
            format!("{}{action}", Url::parse(forge).unwrap().origin().ascii_serialization())
                .starts_with(&format!("{forge}/user/login"))
        );
        let csrf = attributes(page.body(), "input[name=_csrf]", "value").remove(0);
        let form =
            format!("user_name={}&password={}&_csrf={csrf}", site.variables["user"], site.secrets["password"].expose());
        let answer = send(site, "POST", &format!("{forge}/user/login"), &joined(&jar), &form).await;
        assert_eq!(answer.status().as_u16(), 303, "{mode}");
        assert_eq!(field(&answer, "location"), format!("{}/", Url::parse(forge).unwrap().path().trim_end_matches('/')));
        jar.extend(cookies(&answer));
        let home = send(site, "GET", &format!("{forge}/"), &joined(&jar), "").await;
        assert!(home.body().contains("Signed in as <strong>smoke</strong>"), "{mode}");
        assert_eq!(stack.logs(Service::Forge, 2).await, ["POST /user/login 303", "GET / 200"]);
        stack.down().await.unwrap();
    }
}

#[tokio::test]
async fn staging_with_all_that_its_pages_refer_to() {
    for mode in [Mode::Subpath, Mode::Subdomain] {
        let stack = Embedded::start(&options(mode, &[])).await.unwrap();
        let site = stack.site();
        let home = Url::parse(&format!("{}/", site.services[&Service::Staging])).unwrap();
        for page_url in [home.clone(), home.join("about/").unwrap()] {
            let page = get(site, page_url.as_str()).await;
            assert_eq!(
                (page.status().as_u16(), field(&page, "content-type")),
                (200, "text/html; charset=utf-8"),
                "{page_url}"
            );
            let references: Vec<String> = [("link", "href"), ("img", "src"), ("a", "href")]
                .iter()
                .flat_map(|(selector, attribute)| attributes(page.body(), selector, attribute))
                .collect();
            assert!(references.len() >= 3);
            for reference in references {
                let answer = get(site, page_url.join(&reference).unwrap().as_str()).await;
                assert_eq!(answer.status().as_u16(), 200, "{page_url} {reference}");
            }
        }
        assert_eq!(get(site, home.join("nosuch").unwrap().as_str()).await.status().as_u16(), 404);
    }
}

#[tokio::test]
async fn the_root_leads_to_the_forge_under_subpaths() {
    let stack = Embedded::start(&options(Mode::Subpath, &[])).await.unwrap();
    let answer = get(stack.site(), &format!("{}/", stack.site().base_url)).await;
    assert_eq!((answer.status().as_u16(), field(&answer, "location")), (302, "/forge/"));
}

#[tokio::test]
async fn a_wrong_setting_breaks_what_it_breaks_at_the_real_forge() {
    for name in ["GITEA__server__ROOT_URL", "FORGEJO__server__ROOT_URL"] {
        let stack = Embedded::start(&options(Mode::Subpath, &[(Service::Forge, name, Some("http://forgejo:3000/"))]))
            .await
            .unwrap();
        let page = get(stack.site(), &format!("{}/user/settings", stack.site().services[&Service::Forge])).await;
        assert_eq!((page.status().as_u16(), field(&page, "location")), (303, "/user/login"), "{name}");
    }
    let unset =
        Embedded::start(&options(Mode::Subpath, &[(Service::Forge, "GITEA__server__ROOT_URL", None)])).await.unwrap();
    let openid =
        get(unset.site(), &format!("{}/.well-known/openid-configuration", unset.site().services[&Service::Forge]))
            .await;
    assert!(openid.body().contains("\"http://localhost:3000/\""), "{}", openid.body());
}

/// What the forge takes for its address, asked at where the site says that it is.
async fn issuer(site: &Site) -> String {
    let document = get(site, &format!("{}/.well-known/openid-configuration", site.services[&Service::Forge])).await;
    let document: serde_json::Value = serde_json::from_str(document.body()).unwrap();
    document["issuer"].as_str().unwrap().trim_end_matches('/').to_owned()
}

/// Signs in, and gives the cookies.
async fn sign_in(site: &Site) -> String {
    let url = format!("{}/user/login", site.services[&Service::Forge]);
    let page = get(site, &url).await;
    let csrf = attributes(page.body(), "input[name=_csrf]", "value").remove(0);
    let (user, password) = (&site.variables["user"], site.secrets["password"].expose());
    let form = format!("user_name={user}&password={password}&_csrf={csrf}");
    let mut jar = cookies(&page);
    let answer = send(site, "POST", &url, &joined(&jar), &form).await;
    assert_eq!(answer.status().as_u16(), 303, "{url}");
    jar.extend(cookies(&answer));
    joined(&jar)
}

#[tokio::test]
async fn a_stack_is_switched_and_switched_back_and_who_is_signed_in_stays_so() {
    let mut stack = Embedded::start(&options(Mode::Subpath, &[])).await.unwrap();
    let before = stack.site().clone();
    let session = sign_in(&before).await;
    for mode in [Mode::Subdomain, Mode::Subpath] {
        let old = stack.site().clone();
        let changed = stack.switch(mode).await.unwrap();
        let site = stack.site();
        let applications = changed.applications.iter().map(|it| (it.name.as_str(), it.redirect_uris.clone()));
        let of = |service: Service, path: &str| (service.as_str(), vec![format!("{}{path}", site.services[&service])]);
        let mut expected = [of(Service::Ci, "/authorize"), of(Service::Chat, "/oauth/callback")];
        expected.sort();
        let mut applications: Vec<_> = applications.collect();
        applications.sort();
        assert_eq!(applications, expected);
        // The others take their settings while they run.
        assert_eq!(changed.restarted, [Service::Chat]);
        assert_eq!((site.mode, stack.facts().mode), (mode, crate::stack::mode_fact(mode)));
        assert_eq!((&site.base_url, &site.variables), (&before.base_url, &before.variables));
        assert_eq!(issuer(site).await, site.services[&Service::Forge]);
        let home = send(site, "GET", &format!("{}/", site.services[&Service::Forge]), &session, "").await;
        assert!(home.body().contains("Signed in as <strong>smoke</strong>"), "{mode}");
        sign_in(site).await;
        assert_eq!(get(site, &format!("{}/about/", site.services[&Service::Staging])).await.status().as_u16(), 200);
        // Where it was, nothing of it is left.
        let gone = get(site, &format!("{}/user/login", old.services[&Service::Forge])).await;
        assert_eq!(gone.status().as_u16(), 404, "{mode}");
    }
    assert_eq!(stack.site().services, before.services);
}

#[tokio::test]
async fn a_switch_that_fails_its_check_leaves_the_stack_as_it_was() {
    let mut stack = Embedded::start(&options(Mode::Subpath, &[])).await.unwrap();
    let (site, facts) = (stack.site().clone(), stack.facts());
    let stale = format!("{}/forge/", site.base_url);
    for (value, message) in [
        (stale.as_str(), format!("the forge takes {stale} for its address, and browsers reach it at http://forge.")),
        ("forge:3000", "GITEA__server__ROOT_URL: expected an http or https URL".to_owned()),
    ] {
        let wrong = options(Mode::Subdomain, &[(Service::Forge, "GITEA__server__ROOT_URL", Some(value))]);
        let change = Change { mode: wrong.mode, environment: wrong.environment, ..stack.current() };
        let error = stack.change(&change).await.unwrap_err();
        assert_eq!(error.not_put_back, None);
        assert_eq!(error.trouble.service.as_deref(), Some("forge"));
        assert!(error.trouble.message.starts_with(&message), "{}", error.trouble.message);
        assert_eq!((&stack.site().services, &stack.facts()), (&site.services, &facts));
        assert_eq!(issuer(&site).await, site.services[&Service::Forge]);
        sign_in(&site).await;
    }
    // With nothing in its way it works all the same.
    stack.switch(Mode::Subdomain).await.unwrap();
    stack.down().await.unwrap();
    assert_eq!(stack.switch(Mode::Subpath).await.unwrap_err().trouble.message, "the stack is down");
}

#[tokio::test]
async fn settings_that_nobody_knows_are_refused() {
    for (service, name, words) in [
        (Service::Forge, "GITEA__server__HTTP_PORT", "the forge double doesn't know this setting"),
        (Service::Staging, "ROOT", "the embedded stack's staging takes no settings"),
        (Service::Ci, "WOODPECKER_FOO", "the ci double doesn't know this setting"),
        (Service::CiAgent, "WOODPECKER_FOO", "the ci-agent double doesn't know this setting"),
    ] {
        let trouble = Embedded::start(&options(Mode::Subpath, &[(service, name, Some("x"))])).await.unwrap_err();
        assert_eq!(trouble.service.as_deref(), Some(service.as_str()));
        assert!(
            trouble.message.starts_with(&format!("{name}: ")) && trouble.message.contains(words),
            "{}",
            trouble.message
        );
    }
}

#[tokio::test]
async fn down_and_drop_free_the_ports() {
    for gently in [true, false] {
        let stack = Embedded::start(&options(Mode::Subpath, &[])).await.unwrap();
        let port = Url::parse(&stack.site().base_url).unwrap().port().unwrap();
        assert_eq!(get(stack.site(), &format!("{}/staging/", stack.site().base_url)).await.status().as_u16(), 200);
        if gently {
            stack.down().await.unwrap();
            stack.down().await.unwrap();
        } else {
            drop(stack);
        }
        let mut bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        while bound.is_err() {
            tokio::task::yield_now().await;
            bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        }
    }
}

#[tokio::test]
async fn no_two_stacks_share_a_password_and_none_shows_it() {
    let options = options(Mode::Subpath, &[]);
    let first = Embedded::start(&options).await.unwrap();
    let second = Embedded::start(&options).await.unwrap();
    let password = first.site().secrets["password"].expose();
    assert_ne!(password, second.site().secrets["password"].expose());
    assert!(!format!("{first:?}").contains(password));
}

#[tokio::test]
async fn a_route_that_does_not_strip_and_one_that_is_gone() {
    use routes::change::RouteChange;
    let keep = RouteChange { strip_prefix: Some(false), ..RouteChange::default() };
    let changes = [("forge".to_owned(), Some(keep)), ("staging".to_owned(), None)].into();
    let wrong = StackOptions { routes: changes, ..options(Mode::Subpath, &[]) };
    let stack = Embedded::start(&wrong).await.unwrap();
    let site = stack.site().clone();
    // The forge's own 404 page, by its own account at its prefix; and the edge's.
    let forge = get(&site, &format!("{}/user/login", site.services[&Service::Forge])).await;
    assert_eq!((forge.status().as_u16(), field(&forge, "content-type")), (404, "text/plain;charset=utf-8"));
    let staging = get(&site, &format!("{}/", site.services[&Service::Staging])).await;
    assert!(staging.body().contains("the edge has no route"), "{}", staging.body());
    stack.down().await.unwrap();
    let wrong = StackOptions { routes: [("forgejo".to_owned(), None)].into(), ..wrong };
    let trouble = Embedded::start(&wrong).await.unwrap_err();
    assert!(trouble.message.starts_with("routes.forgejo: there is no such route"), "{trouble:?}");
}

#[tokio::test]
async fn a_service_that_is_stopped_is_a_502_and_a_trouble() {
    let stopped = StackOptions { stop: [Service::Staging].into(), ..options(Mode::Subpath, &[]) };
    let stack = Embedded::start(&stopped).await.unwrap();
    let site = stack.site();
    assert_eq!(get(site, &format!("{}/", site.services[&Service::Staging])).await.status().as_u16(), 502);
    assert_eq!(get(site, &format!("{}/", site.services[&Service::Forge])).await.status().as_u16(), 200);
    let troubles = stack.troubles().await;
    assert_eq!(troubles.iter().map(|trouble| trouble.service.as_deref()).collect::<Vec<_>>(), [Some("staging")]);
    stack.down().await.unwrap();
}

#[tokio::test]
async fn a_service_that_starts_again_is_not_the_one_that_was_there() {
    let stack = Embedded::start(&options(Mode::Subpath, &[])).await.unwrap();
    let before = stack.starts().await;
    assert_eq!(before.len(), 6, "{before:?}");
    stack.stop(Service::Forge).await;
    assert_eq!(stack.starts().await.get(&Service::Forge), None);
    stack.start_stopped().await.unwrap();
    let after = stack.starts().await;
    let anew: Vec<Service> = before.keys().copied().filter(|service| before[service] != after[service]).collect();
    assert_eq!(anew, [Service::Forge]);
    stack.down().await.unwrap();
}

#[tokio::test]
async fn a_restart_while_the_stack_is_walked_is_evidence() {
    let text = "name: patience\nsteps:\n  - get: ${staging}/\n    retry: { within: 800ms, every: 100ms }\n    expect: { status: 418 }\n";
    let parsed = Arc::new(scenario::parse(&Source::new("patience.yaml", text)).unwrap());
    let plan = Plan::new(parsed, &|_: &Source, _: &str| Err(Vec::new())).unwrap();
    let pace = Pace { jobs: 1, fail_fast: false, waits_after: None, retries: 0, cancel: CancellationToken::new() };
    let walk = Walk::new(vec![Arc::new(plan)], pace, Arc::new(Nobody));
    let stack = Embedded::start(&options(Mode::Subpath, &[])).await.unwrap();
    assert_eq!(walk.on(&stack).await.unwrap().restarts, []);
    let restart = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        stack.stop(Service::Staging).await;
        stack.start_stopped().await.unwrap();
    };
    let (evidence, ()) = tokio::join!(walk.on(&stack), restart);
    let evidence = evidence.unwrap();
    assert_eq!(evidence.restarts.iter().map(|restart| restart.service.as_str()).collect::<Vec<_>>(), ["staging"]);
    assert!(!evidence.restarts[0].log.is_empty() && evidence.troubles.is_empty());
    stack.down().await.unwrap();
}

#[tokio::test]
async fn a_setting_may_name_a_public_address_and_the_double_may_be_a_gitea() {
    let mut wrong = options(Mode::Subpath, &[(Service::Forge, "GITEA__server__ROOT_URL", Some("${edge}/"))]);
    wrong.forge = crate::stack::Product::Gitea;
    let stack = Embedded::start(&wrong).await.unwrap();
    let url = format!("{}/.well-known/openid-configuration", stack.site().services[&Service::Forge]);
    let document = get(stack.site(), &url).await;
    assert!(document.body().contains(&format!("{}/login/oauth/authorize", stack.site().base_url)), "{document:?}");
    assert_eq!(stack.facts().services[1].version.as_deref(), Some("1.26.0"));
    stack.down().await.unwrap();
}

#[tokio::test]
async fn the_echo_is_there_in_both_modes_and_sees_the_same_paths() {
    for (mode, host) in [(Mode::Subpath, "edge.test"), (Mode::Subdomain, "echo.edge.test")] {
        let stack = Embedded::start(&options(mode, &[])).await.unwrap();
        let url = stack.site().services[&Service::Echo].clone();
        assert_eq!(Url::parse(&url).unwrap().host_str(), Some(host));
        let said = get(stack.site(), &format!("{url}/seen")).await;
        let said: serde_json::Value = serde_json::from_str(said.body()).unwrap();
        assert_eq!((&said["target"], &said["headers"]["x-forwarded-proto"][0]), (&"/seen".into(), &"http".into()));
        assert_eq!(stack.logs(Service::Echo, 1).await, ["GET /seen 200"]);
        stack.down().await.unwrap();
    }
}
