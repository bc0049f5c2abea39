//! What is set wrong in a fault file, as a client sees it.

use scenario::Source;

use super::ci::sign_in_to_the_ci;
use super::*;

/// The stack with what a fault file's `inject` says.
async fn with(inject: &str) -> Embedded {
    Embedded::start(&wrong(Mode::Subpath, inject)).await.unwrap_or_else(|trouble| panic!("{inject}: {trouble:?}"))
}

fn wrong(mode: Mode, inject: &str) -> StackOptions {
    let source = Source::new("x.yaml", format!("id: x\ntitle: t\ninject:\n{inject}\n"));
    let fault = crate::fault::read(&source);
    let fault =
        fault.unwrap_or_else(|errors| panic!("{}", errors.iter().map(|it| it.render(false)).collect::<String>()));
    fault.inject.into_options(StackOptions::new(mode))
}

async fn at(stack: &Embedded, path: &str) -> Response<String> {
    get(stack.site(), &format!("{}{path}", stack.site().base_url)).await
}

/// What the echo was told: a header field of the request for `/echo/x`.
async fn told(stack: &Embedded, field: &str) -> Option<String> {
    let answer = at(stack, "/echo/x").await;
    let said: serde_json::Value = serde_json::from_str(answer.body()).unwrap();
    said["headers"][field][0].as_str().map(str::to_owned)
}

const HARD_ROOT: &str = r"
  routes: { user: { path: /user/*, redirect: '/forge{uri}' } }
  tamper:
    forge:
      - { on: response, match_host: '^edge\.test(:\d+)?$', match_path: ^/user/login, set_status: 302, set_header: { Location: /user/login } }
";

#[tokio::test]
async fn a_forge_that_insists_on_the_root_loops_under_a_prefix_and_is_well_on_a_host_of_its_own() {
    let mut stack = with(HARD_ROOT).await;
    let mut path = "/forge/user/login".to_owned();
    let mut seen = Vec::new();
    while !seen.contains(&path) {
        let answer = at(&stack, &path).await;
        assert_eq!(answer.status().as_u16(), 302, "{path}");
        seen.push(std::mem::replace(&mut path, field(&answer, "location").to_owned()));
    }
    assert_eq!(seen, ["/forge/user/login", "/user/login"]);
    // Whether or not the prefix is stripped makes no difference to that.
    assert_eq!(at(&stack, "/forge/api/v1/version").await.status().as_u16(), 200);
    stack.switch(Mode::Subdomain).await.unwrap();
    sign_in(stack.site()).await;
    stack.switch(Mode::Subpath).await.unwrap();
    assert_eq!(at(&stack, "/forge/user/login").await.status().as_u16(), 302);
    stack.down().await.unwrap();
}

#[tokio::test]
async fn a_meddler_answers_like_its_service_but_for_its_rules() {
    let stack = with(
        "  tamper:\n    ci:\n      - { replace_header: { find: '/ci/', with: '/' }, replace_body: { find: '/ci/', with: '/' } }\n    echo: { on: request, set_header: { X-Public: '${ci}' }, remove_header: X-Forwarded-Proto }",
    )
    .await;
    let page = at(&stack, "/ci/").await;
    assert_eq!(page.status().as_u16(), 200);
    assert!(!page.body().contains("/ci/") && page.body().contains("src=\"/"), "{}", page.body());
    assert_eq!(at(&stack, "/ci/healthz").await.status().as_u16(), 204);
    assert_eq!(told(&stack, "x-public").await, Some(stack.site().services[&Service::Ci].clone()));
    assert_eq!(told(&stack, "x-forwarded-proto").await, None);
    assert_eq!(told(&stack, "host").await, stack.site().base_url.strip_prefix("http://").map(str::to_owned));
    // Nobody else is meddled with.
    sign_in(stack.site()).await;
    stack.down().await.unwrap();
    assert!(TcpStream::connect(stack.way.address).await.is_err());
}

#[tokio::test]
async fn a_stopped_service_behind_a_meddler_is_a_502_of_the_edge_s() {
    let stack = with("  stop: [staging]\n  tamper: { staging: { delay_ms: 1 } }").await;
    let answer = at(&stack, "/staging/").await;
    assert_eq!(answer.status().as_u16(), 502);
    assert!(answer.body().contains("the edge has no answer from staging"), "{}", answer.body());
}

#[tokio::test]
async fn routes_are_added_lead_elsewhere_and_tell_services_otherwise() {
    let stack = with(
        "  routes:\n    mine: { path: /mine/*, service: staging, strip_prefix: /mine }\n    forge-registry: null\n    root: { respond: 200 }\n    ci: { upstream: 'staging:8080', strip_prefix: true }\n    echo: { host_header: inside, headers: { X-Forwarded-Proto: null, X-A: b } }\n    old: { path: /old/*, redirect: { to: '${forge}{uri}', status: 308 } }",
    )
    .await;
    let home = at(&stack, "/staging/").await;
    for same in ["/mine/", "/ci/"] {
        assert_eq!(at(&stack, same).await.body(), home.body(), "{same}");
    }
    assert_eq!(at(&stack, "/v2/").await.status().as_u16(), 404);
    let root = at(&stack, "/").await;
    assert_eq!((root.status().as_u16(), root.body().as_str(), field(&root, "content-type")), (200, "", ""));
    let old = at(&stack, "/old/x?y").await;
    let expected = format!("{}/old/x?y", stack.site().services[&Service::Forge]);
    assert_eq!((old.status().as_u16(), field(&old, "location")), (308, expected.as_str()));
    assert_eq!(told(&stack, "host").await.as_deref(), Some("inside"));
    assert_eq!((told(&stack, "x-forwarded-proto").await, told(&stack, "x-a").await.as_deref()), (None, Some("b")));
}

#[tokio::test]
async fn addresses_of_containers_mean_the_doubles_and_where_nobody_listens_is_nobody() {
    let stack =
        with("  routes: { staging: { upstream: 'echo:8080' }, ci: { upstream: 'ci:8001' }, echo: { upstream: ci } }")
            .await;
    assert!(at(&stack, "/staging/").await.body().contains("\"target\""));
    assert_eq!(at(&stack, "/ci/").await.status().as_u16(), 502);
    assert_eq!(field(&at(&stack, "/echo/").await, "content-type"), "text/html; charset=UTF-8");
}

#[tokio::test]
async fn a_secret_that_the_forge_does_not_have_ends_in_an_oauth_error() {
    for application in ["client_secret: stale", "rotate_secret: true"] {
        let stack = with(&format!("  oauth: {{ ci: {{ {application} }} }}")).await;
        let landed = sign_in_to_the_ci(stack.site()).await;
        assert!(landed.contains("/login?error=oauth_error"), "{application}: {landed}");
    }
    let stack = with("  oauth: { ci: { client_id: somebody-else } }").await;
    let start = get(stack.site(), &format!("{}/authorize", stack.site().services[&Service::Ci])).await;
    assert!(field(&start, "location").contains("client_id=somebody-else"));
    let asked = send(stack.site(), "GET", field(&start, "location"), &sign_in(stack.site()).await, "").await;
    assert_eq!(asked.status().as_u16(), 400);
}

#[tokio::test]
async fn what_can_not_be_said_of_this_stack_is_a_trouble_and_no_panic() {
    for (inject, words) in [
        ("  tamper: { ide: { delay_ms: 1 } }", "it can't be tampered with"),
        (
            "  tamper: { ci: { set_header: { X: '${ide}' }, replace_body: { find: '${ide}', with: x } } }",
            "rule 1: find",
        ),
        ("  oauth: { forge: { client_secret: x } }", "no OAuth application"),
        ("  caddyfile: { replace: admin off, with: x }", "no Caddyfile to change"),
    ] {
        let trouble = Embedded::start(&wrong(Mode::Subpath, inject)).await.map(drop).unwrap_err();
        assert!(trouble.message.contains(words), "{inject}: {trouble:?}");
    }
}

#[tokio::test]
async fn settings_change_what_they_change_at_the_real_programs() {
    let stack = with("  env: { forge: { GITEA__session__COOKIE_SECURE: true } }").await;
    let page = at(&stack, "/forge/user/login").await;
    let secure = page.headers().get_all("set-cookie").iter().any(|cookie| cookie.to_str().unwrap().contains("Secure"));
    assert!(secure, "{:?}", page.headers());

    // The browser is sent to where only containers are, and only where it is told of it.
    for (setting, expected) in [
        ("WOODPECKER_FORGEJO_URL: 'http://forgejo:3000'", "http://forgejo:3000/login/oauth/authorize?"),
        ("WOODPECKER_EXPERT_FORGE_OAUTH_HOST: 'http://forge:3000'", "http://forge:3000/login/oauth/authorize?"),
        ("WOODPECKER_HOST: '${edge}'", "/forge/login/oauth/authorize?"),
    ] {
        let stack = with(&format!("  env: {{ ci: {{ {setting} }} }}")).await;
        let start = at(&stack, "/ci/authorize").await;
        let to = field(&start, "location");
        assert!(to.contains(expected) || start.status().as_u16() == 200, "{setting}: {to}");
    }

    let stack = with(
        "  env: { forge: { GITEA__security__INTERNAL_TOKEN: placeholder } }\n  routes: { forge-internal: null, forge-internal-root: null }",
    )
    .await;
    let url = format!("{}/forge/api/internal/dummy", stack.site().base_url);
    let token = "Bearer placeholder";
    let url = Url::parse(&url).unwrap();
    let stream = TcpStream::connect(("127.0.0.1", url.port().unwrap())).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get(url.path())
        .header("host", format!("edge.test:{}", url.port().unwrap()))
        .header("x-gitea-internal-auth", token)
        .body(Full::new(Bytes::new()))
        .unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status().as_u16(), 200);
}

#[tokio::test]
async fn a_chat_with_defects_is_a_double_and_keeps_what_it_knows_when_it_is_stopped() {
    let kind = |stack: &Embedded| {
        let facts = stack.facts().services.into_iter().find(|service| service.name == "chat").unwrap();
        facts.kind
    };
    let real = Embedded::start(&StackOptions::new(Mode::Subpath)).await.unwrap();
    assert_eq!(kind(&real), ServiceKind::Program);
    real.down().await.unwrap();
    let mut stack = with("  defects: { chat: [redirects-every-request] }").await;
    assert_eq!(kind(&stack), ServiceKind::Double);
    assert_eq!(at(&stack, "/chat/history").await.status().as_u16(), 303);
    stack.stop(Service::Chat).await;
    assert_eq!(at(&stack, "/chat/history").await.status().as_u16(), 502);
    stack.start_stopped().await.unwrap();
    assert_eq!(at(&stack, "/chat/history").await.status().as_u16(), 303);
    stack.switch(Mode::Subdomain).await.unwrap();
    assert_eq!(kind(&stack), ServiceKind::Double);
    stack.down().await.unwrap();
}
