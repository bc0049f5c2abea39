//! The CI, known to the forge.

use super::*;

/// Signs in to the CI by way of the forge, as a browser does that says yes to everything; where the CI sends it in the end.
pub(super) async fn sign_in_to_the_ci(site: &Site) -> String {
    let (forge, ci) = (&site.services[&Service::Forge], &site.services[&Service::Ci]);
    let session = sign_in(site).await;
    let start = get(site, &format!("{ci}/authorize")).await;
    let asked = send(site, "GET", field(&start, "location"), &session, "").await;
    let mut callback = field(&asked, "location").to_owned();
    if callback.is_empty() {
        let names = ["client_id", "state", "scope", "nonce", "redirect_uri", "_csrf"];
        let form = names.iter().fold("granted=true".to_owned(), |form, name| {
            let value = attributes(asked.body(), &format!("input[name={name}]"), "value").pop().unwrap_or_default();
            let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            format!("{form}&{name}={value}")
        });
        // The page renews some of the session's cookies.
        let pairs = session.split("; ").filter_map(|pair| pair.split_once('='));
        let mut jar: BTreeMap<String, String> = pairs.map(|(name, value)| (name.into(), value.into())).collect();
        jar.extend(cookies(&asked));
        let granted = send(site, "POST", &format!("{forge}/login/oauth/grant"), &joined(&jar), &form).await;
        callback = field(&granted, "location").to_owned();
    }
    assert!(callback.starts_with(&format!("{ci}/authorize?")), "{callback} {}", asked.body());
    let landed = send(site, "GET", &callback, &joined(&cookies(&start)), "").await;
    field(&landed, "location").to_owned()
}

#[tokio::test]
async fn people_sign_in_to_the_ci_and_still_do_after_a_switch_and_after_one_that_failed() {
    let mut stack = Embedded::start(&options(Mode::Subpath, &[])).await.unwrap();
    let home = |site: &Site| Url::parse(&format!("{}/", site.services[&Service::Ci])).unwrap().path().to_owned();
    assert_eq!(sign_in_to_the_ci(stack.site()).await, home(stack.site()));
    for mode in [Mode::Subdomain, Mode::Subpath] {
        stack.switch(mode).await.unwrap();
        assert_eq!(sign_in_to_the_ci(stack.site()).await, home(stack.site()), "{mode}");
    }
    let stale = options(Mode::Subdomain, &[(Service::Ci, "WOODPECKER_HOST", Some("${edge}"))]);
    let change = Change { mode: stale.mode, environment: stale.environment, ..stack.current() };
    let error = stack.change(&change).await.unwrap_err();
    assert_eq!((error.trouble.service.as_deref(), &error.not_put_back), (Some("ci"), &None), "{error:?}");
    assert!(error.trouble.help.as_deref().is_some_and(|help| help.contains("WOODPECKER_HOST")), "{error:?}");
    assert_eq!(sign_in_to_the_ci(stack.site()).await, home(stack.site()));
}

#[tokio::test]
async fn an_application_and_settings_are_what_the_options_say() {
    let mut wrong = options(Mode::Subpath, &[(Service::Ci, "WOODPECKER_OPEN", Some("maybe"))]);
    assert_eq!(Embedded::start(&wrong).await.unwrap_err().service.as_deref(), Some("ci"));
    wrong.environment.clear();
    let uris = Some(vec!["${edge}/authorize".to_owned()]);
    wrong
        .applications
        .insert(Service::Ci, crate::stack::ApplicationChange { redirect_uris: uris, ..Default::default() });
    let stack = Embedded::start(&wrong).await.unwrap();
    let site = stack.site();
    let start = get(site, &format!("{}/authorize", site.services[&Service::Ci])).await;
    let asked = send(site, "GET", field(&start, "location"), &sign_in(site).await, "").await;
    assert_eq!(asked.status().as_u16(), 400);
}

#[tokio::test]
async fn a_stopped_agent_and_a_stopped_ci_leave_their_logs() {
    let mut without = options(Mode::Subpath, &[]);
    without.stop = [Service::Ci, Service::CiAgent].into();
    let stack = Embedded::start(&without).await.unwrap();
    let health = get(stack.site(), &format!("{}/healthz", stack.site().services[&Service::Ci])).await;
    assert_eq!(health.status().as_u16(), 502);
    assert!(stack.logs(Service::Ci, 10).await.iter().any(|line| line.contains("starting Woodpecker server")));
    assert_eq!(stack.troubles().await.len(), 2);
    stack.down().await.unwrap();
}
